// Squares of numbers with rows and columns exchanged, within registers.

#pragma once

#include <utility>

#include "../elements/vector.hpp"

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
template <class T, int Half, int Count = lanes<T>>
FALLLINE_INLINE void exchange_all(Floats<T>* v) {
    constexpr int L = lanes<T>;
#pragma GCC unroll 16
    for (int i = 0; i < Count; ++i)
        if (!(i & Half)) exchange<T, Half>(v[i], v[i + Half], std::make_integer_sequence<int, L>{});
    if constexpr (Half > 1) exchange_all<T, Half / 2, Count>(v);
}

// to[j][i] = from[i][j] for a vector's number of rows and columns.
template <class T>
void transpose_square(const T* from, std::ptrdiff_t from_stride, T* to, std::ptrdiff_t to_stride) {
    constexpr int L = lanes<T>;
    Floats<T> v[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) v[i] = load(from + i * from_stride).v;
    exchange_all<T, L / 2>(v);
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) store(to + i * to_stride, Vec<T>(v[i]));
}

// to[j][i] = from[i][j] for i below `rows`, j below `columns`.
template <class T>
void transpose_piece(const T* from, std::ptrdiff_t from_stride, int rows, int columns, T* to,
                     std::ptrdiff_t to_stride) {
    constexpr int L = lanes<T>;
    int whole_rows = rows / L * L, whole_columns = columns / L * L;
    for (int i = 0; i < whole_rows; i += L)
        for (int j = 0; j < whole_columns; j += L)
            transpose_square(from + i * from_stride + j, from_stride, to + j * to_stride + i,
                             to_stride);
    for (int i = 0; i < rows; ++i)
        for (int j = i < whole_rows ? whole_columns : 0; j < columns; ++j)
            to[j * to_stride + i] = from[i * from_stride + j];
}

}  // namespace FALLLINE_NS
