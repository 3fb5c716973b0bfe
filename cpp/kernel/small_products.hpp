// Products of plain rows, for nets so small that all of it lies in the nearest cache.

#pragma once

#include "sums.hpp"

namespace FALLLINE_NS {

// Rows of a tile: enough sums to keep the adders busy, few enough to keep their addresses.
constexpr int small_rows = most_rows < 8 ? most_rows : 8;

// out[r] = start + Σ a(r, k)·b[k] for R rows and N vectors; a(r, k) is a[r·stride + k], or in a
// gradient, whose sum runs over rows, a[k·stride + r].
template <class T, bool over_rows, int N, int R>
void small_tile(const T* a, std::ptrdiff_t stride, int depth, const T* b, std::ptrdiff_t b_stride,
                const T* start, T* out, std::ptrdiff_t out_stride) {
    constexpr int L = lanes<T>;
    Whole<T> sums[R][N];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) sums[r][n] = start ? whole(start + n * L) : Whole<T>{};
    for (int k = 0; k < depth; ++k, a += over_rows ? stride : 1, b += b_stride) {
        Whole<T> column[N];
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) column[n] = whole(b + n * L);
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
            for (int n = 0; n < N; ++n) sums[r][n] += a[over_rows ? r : r * stride] * column[n];
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) put_whole(out + r * out_stride + n * L, sums[r][n]);
}

// One row: its sums are chains of four, which run side by side. Calls take(n, sum) for each vector.
template <class T, int N, class Take>
FALLLINE_INLINE void small_row(const T* a, int depth, const T* b, std::ptrdiff_t b_stride,
                               const T* start, Take&& take) {
    constexpr int L = lanes<T>, chains = 4;
    Whole<T> sums[chains][N] = {};
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n)
        if (start) sums[0][n] = whole(start + n * L);
    int k = 0;
    for (; k + chains <= depth; k += chains, b += chains * b_stride)
#pragma GCC unroll 4
        for (int c = 0; c < chains; ++c)
#pragma GCC unroll 2
            for (int n = 0; n < N; ++n) sums[c][n] += a[k + c] * whole(b + c * b_stride + n * L);
    for (; k < depth; ++k, b += b_stride)
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) sums[0][n] += a[k] * whole(b + n * L);
#pragma GCC unroll 2
    for (int n = 0; n < N; ++n) take(n, (sums[0][n] + sums[1][n]) + (sums[2][n] + sums[3][n]));
}

// The same for a row of whole vectors, two at a time while there are; calls take(column, sum).
template <class T, class Take>
FALLLINE_INLINE void small_row(const T* a, int depth, const T* b, std::ptrdiff_t b_stride,
                               int columns, const T* start, Take&& take) {
    constexpr int L = lanes<T>;
    int column = 0;
    const auto some = [&]<int N>() __attribute__((always_inline)) {
        small_row<T, N>(a, depth, b + column, b_stride, start ? start + column : nullptr,
                        [&](int n, Whole<T> sum) { take(column + n * L, sum); });
    };
    for (; column + 2 * L <= columns; column += 2 * L) some.template operator()<2>();
    if (column < columns) some.template operator()<1>();
}

template <int R = small_rows, class Call>
FALLLINE_INLINE void with_few_rows(int rows, Call&& call) {
    if (rows == R) return call.template operator()<R>();
    if constexpr (R > 1) with_few_rows<R - 1>(rows, call);
}

template <class Call>
FALLLINE_INLINE void by_small_tiles(int count, Call&& call) {
    int first = 0;
    for (; count - first >= 2 * small_rows; first += small_rows)
        call.template operator()<small_rows>(first);
    for (int tiles = (count - first + small_rows - 1) / small_rows; tiles > 0; --tiles) {
        const int rows = (count - first + tiles - 1) / tiles;
        with_few_rows(rows, [&]<int R>() { call.template operator()<R>(first); });
        first += rows;
    }
}

// Calls f<N>(column) for the vectors of a row, two at a time while there are.
template <class T, class Call>
FALLLINE_INLINE void by_columns(int columns, Call&& call) {
    constexpr int L = lanes<T>;
    int column = 0;
    for (; column + 2 * L <= columns; column += 2 * L) call.template operator()<2>(column);
    if (column < columns) call.template operator()<1>(column);
}

// out (rows, columns) = start + a (rows, depth) b (depth, columns).
template <class T>
FALLLINE_INLINE void small_times(const T* a, std::ptrdiff_t stride, int rows, int depth, const T* b,
                                 std::ptrdiff_t b_stride, int columns, const T* start, T* out,
                                 std::ptrdiff_t out_stride) {
    by_columns<T>(columns, [&]<int N>(int column) {
        const T* from = start ? start + column : nullptr;
        if (rows == 1)
            return small_row<T, N>(a, depth, b + column, b_stride, from, [&](int n, Whole<T> sum) {
                put_whole(out + column + n * lanes<T>, sum);
            });
        by_small_tiles(rows, [&]<int R>(int first) {
            small_tile<T, false, N, R>(a + first * stride, stride, depth, b + column, b_stride, from,
                                       out + first * out_stride + column, out_stride);
        });
    });
}

// out (units, columns) = Σ over rows s (rows, units) d (rows, columns): a gradient.
template <class T>
FALLLINE_INLINE void small_outer(const T* s, std::ptrdiff_t stride, int units, int rows, const T* d,
                                 std::ptrdiff_t d_stride, int columns, T* out,
                                 std::ptrdiff_t out_stride) {
    by_columns<T>(columns, [&]<int N>(int column) {
        if (rows == 1) {
            for (int n = 0; n < N; ++n) {
                const Whole<T> deltas = whole(d + column + n * lanes<T>);
                T* to = out + column + n * lanes<T>;
                for (int i = 0; i < units; ++i) put_whole(to + i * out_stride, s[i] * deltas);
            }
            return;
        }
        by_small_tiles(units, [&]<int R>(int first) {
            small_tile<T, true, N, R>(s + first, stride, rows, d + column, d_stride, nullptr,
                                      out + first * out_stride + column, out_stride);
        });
    });
}

// --- sums along vectors ----------------------------------------------------------------------

template <class T>
FALLLINE_INLINE T small_dot(const T* a, const T* b, int length) {
    Whole<T> sum = whole(a) * whole(b);
    for (int k = lanes<T>; k < length; k += lanes<T>) sum += whole(a + k) * whole(b + k);
    return in_all<T>(sum)[0];
}

// out[r·out_stride] = start + Σ a[r]·b for rows of whole vectors.
template <class T>
FALLLINE_INLINE void small_dots(const T* a, std::ptrdiff_t stride, int rows, const T* b, int length,
                                T start, T* out, std::ptrdiff_t out_stride) {
    constexpr int L = lanes<T>;
    int first = 0;
    for (; first + L <= rows; first += L) {
        Whole<T> sums[L];
#pragma GCC unroll 16
        for (int r = 0; r < L; ++r) sums[r] = whole(a + (first + r) * stride) * whole(b);
        for (int k = L; k < length; k += L)
#pragma GCC unroll 16
            for (int r = 0; r < L; ++r) sums[r] += whole(a + (first + r) * stride + k) * whole(b + k);
        const Whole<T> found = side_by_side<T>(sums) + start;
        if (out_stride == 1) put_whole(out + first, found);
        else
            for (int r = 0; r < L; ++r) out[(first + r) * out_stride] = found[r];
    }
    for (; first < rows; ++first) out[first * out_stride] = small_dot(a + first * stride, b, length) + start;
}

}  // namespace FALLLINE_NS
