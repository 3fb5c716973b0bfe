// Rows side by side, a row a lane: for rows so narrow that most lanes of their own would be idle.

#pragma once

#include "exchange.hpp"

namespace FALLLINE_NS {

// So many columns at most: the width alone decides, so that a row's bits do not depend on others.
template <class T>
inline constexpr std::ptrdiff_t narrow_width = lanes<T> > 8 ? 2 * lanes<T> : 16;

// The columns of n rows, `stride` from one to the next, a vector each; lanes beyond n are 0. Squares are
// turned in registers: machines that gather numbers do so one by one.
template <class T>
[[gnu::noinline]] void load_columns(const T* from, std::ptrdiff_t stride, int n, std::ptrdiff_t width,
                                    Vec<T>* to) {
    constexpr int L = lanes<T>;
    for (std::ptrdiff_t first = 0; first < width; first += L, from += L, to += L) {
        const int count = width - first < L ? static_cast<int>(width - first) : L;
        if (has_masks || (n == L && count == L)) {
            Floats<T> v[L];
#pragma GCC unroll 16
            for (int i = 0; i < L; ++i)
                v[i] = i < n ? load_some(from + i * stride, count).v : Floats<T>{};
            exchange_all<T>(v);
            for (int j = 0; j < count; ++j) to[j] = v[j];
        } else {
            for (int j = 0; j < count; ++j) {
                Vec<T> column = all<T>(0);
                for (int i = 0; i < n; ++i) column.v[i] = from[i * stride + j];
                to[j] = column;
            }
        }
    }
}

// The way back.
template <class T>
[[gnu::noinline]] void store_columns(const Vec<T>* from, T* to, std::ptrdiff_t stride, int n,
                                     std::ptrdiff_t width) {
    constexpr int L = lanes<T>;
    for (std::ptrdiff_t first = 0; first < width; first += L, from += L, to += L) {
        const int count = width - first < L ? static_cast<int>(width - first) : L;
        if (has_masks || (n == L && count == L)) {
            Floats<T> v[L];
#pragma GCC unroll 16
            for (int j = 0; j < L; ++j) v[j] = j < count ? from[j].v : Floats<T>{};
            exchange_all<T>(v);
            for (int i = 0; i < n; ++i) store_some(to + i * stride, Vec<T>(v[i]), count);
        } else {
            for (int i = 0; i < n; ++i)
                for (int j = 0; j < count; ++j) to[i * stride + j] = from[j].v[i];
        }
    }
}

}  // namespace FALLLINE_NS
