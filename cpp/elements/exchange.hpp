// Rows and columns of a square of numbers exchanged, within registers.

#pragma once

#include <utility>

#include "vector.hpp"

namespace FALLLINE_NS {

// One step of a transposition: halves of `Half` lanes change places between two vectors.
template <class T, int Half, int... i>
FALLLINE_INLINE void exchange(Floats<T>& a, Floats<T>& b, std::integer_sequence<int, i...>) {
    constexpr int L = lanes<T>;
    const Floats<T> low = __builtin_shufflevector(a, b, ((i & Half) ? L + i - Half : i)...);
    b = __builtin_shufflevector(a, b, ((i & Half) ? L + i : i + Half)...);
    a = low;
}

// All steps from one on, of so many vectors.
template <class T, int Half = lanes<T> / 2, int Count = lanes<T>>
FALLLINE_INLINE void exchange_all(Floats<T>* v) {
    constexpr int L = lanes<T>;
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
        if (!(i & Half)) exchange<T, Half>(v[i], v[i + Half], std::make_integer_sequence<int, L>{});
    if constexpr (Half > 1) exchange_all<T, Half / 2, Count>(v);
}

}  // namespace FALLLINE_NS
