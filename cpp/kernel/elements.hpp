// The functions of whole blocks that kernel_elements.cpp has code of, and kernel.cpp only calls.

#pragma once

#include "functions.hpp"

#define FALLLINE_ELEMENTS(linkage, T)                                                              \
    linkage template void activate(const ActivationSpec&, const T*, T*, std::ptrdiff_t,            \
                                   std::ptrdiff_t, std::ptrdiff_t);                                \
    linkage template void activate_back(const ActivationSpec&, const T*, const T*, T*,             \
                                        std::ptrdiff_t, std::ptrdiff_t, std::ptrdiff_t);           \
    linkage template void loss_rows(const LossSpec&, const Judged<T>&, T*);                        \
    linkage template void loss_slope(const LossSpec&, const Judged<T>&, T*);                       \
    linkage template void softmax_errors(const LossSpec&, const Judged<T>&, const double*, T*, T*, \
                                         T*);

#ifndef FALLLINE_ELEMENTS_HERE
namespace FALLLINE_NS {
FALLLINE_ELEMENTS(extern, float)
FALLLINE_ELEMENTS(extern, double)
}  // namespace FALLLINE_NS
#endif
