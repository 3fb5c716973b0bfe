// Activations and errors of one instruction set, beside kernel.cpp: most of the tables' code, in plain
// loops over vectors, which copies of it make hardly faster. So it is compiled with less of these.

#define FALLLINE_ELEMENTS_HERE
#include "kernel/elements.hpp"

namespace FALLLINE_NS {
FALLLINE_ELEMENTS(, float)
FALLLINE_ELEMENTS(, double)
}  // namespace FALLLINE_NS
