// Pieces of matrices with rows and columns exchanged.

#pragma once

#include "../elements/exchange.hpp"

namespace FALLLINE_NS {

// to[j][i] = from[i][j] for a vector's number of rows and columns.
template <class T>
void transpose_square(const T* from, std::ptrdiff_t from_stride, T* to, std::ptrdiff_t to_stride) {
    constexpr int L = lanes<T>;
    Floats<T> v[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) v[i] = load(from + i * from_stride).v;
    exchange_all<T>(v);
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
