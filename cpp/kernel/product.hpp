// Matrix products of register tiles: R rows times a panel of columns.
//
// A tile keeps its R x N vectors in registers for the whole sum. Each number is one chain of
// multiply-adds in the order of the sum, whatever R is: so the bits of a row do not depend on which
// rows stand beside it. The widest panel has two vectors; narrow last ones have one, of the
// machine's width or less, and the narrowest go other ways: see panels.hpp.

#pragma once

#include "../kernel.hpp"
#include "../elements/vector.hpp"

namespace FALLLINE_NS {

// Vectors by size in bytes; written out, because GCC takes no template's size here.
template <class T, int Bytes>
struct Sized;
#define FALLLINE_SIZED(T, Bytes)                                                           \
    template <>                                                                            \
    struct Sized<T, Bytes> {                                                               \
        typedef T type __attribute__((vector_size(Bytes)));                                \
        typedef T Loose __attribute__((vector_size(Bytes), aligned(sizeof(T)), may_alias)); \
    };
FALLLINE_SIZED(float, 16)
FALLLINE_SIZED(double, 16)
#if FALLLINE_VECTOR_BYTES >= 32
FALLLINE_SIZED(float, 32)
FALLLINE_SIZED(double, 32)
#endif
#if FALLLINE_VECTOR_BYTES >= 64
FALLLINE_SIZED(float, 64)
FALLLINE_SIZED(double, 64)
#endif
#undef FALLLINE_SIZED

template <class T, int Bytes>
FALLLINE_INLINE typename Sized<T, Bytes>::type get(const T* from) {
    return *reinterpret_cast<const typename Sized<T, Bytes>::Loose*>(from);
}
template <class T, int Bytes>
FALLLINE_INLINE void put(T* to, typename Sized<T, Bytes>::type a) {
    *reinterpret_cast<typename Sized<T, Bytes>::Loose*>(to) = a;
}

// Rows of a tile: as many as the registers hold beside a panel's vectors and one number.
#if FALLLINE_VECTOR_BYTES == 64
constexpr int most_rows = 12;
#elif FALLLINE_VECTOR_BYTES == 32
constexpr int most_rows = 6;
#elif defined(__aarch64__)
constexpr int most_rows = 8;
#else
constexpr int most_rows = 4;
#endif

template <class T>
constexpr int panel_columns = 2 * lanes<T>;

// A stretch of a sum: numbers a[r·panel + k] for k below count, and the panel's row for k = 0.
template <class T>
struct Stretch {
    const T* a;
    int count, first;
};

// out[r] = start + Σ a[r]·b over all stretches; b has a row of the panel for each term.
template <class T, int Bytes, int N, int R>
void times(const Stretch<T>* stretches, int count, int row, const T* panel, const T* start, T* out) {
    using V = typename Sized<T, Bytes>::type;
    constexpr int L = Bytes / sizeof(T), P = panel_columns<T>;
    V sums[R][N];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) sums[r][n] = start ? get<T, Bytes>(start + n * L) : V{};
    for (int i = 0; i < count; ++i) {
        const T* a = stretches[i].a + std::ptrdiff_t(row) * P;
        const T* b = panel + std::ptrdiff_t(stretches[i].first) * (N * L);
        for (int k = 0; k < stretches[i].count; ++k, b += N * L) {
            V column[N];
#pragma GCC unroll 2
            for (int n = 0; n < N; ++n) column[n] = get<T, Bytes>(b + n * L);
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
                for (int n = 0; n < N; ++n) sums[r][n] += a[r * P + k] * column[n];
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n) put<T, Bytes>(out + r * P + n * L, sums[r][n]);
}

struct Nothing {
    FALLLINE_INLINE void operator()() const {}
};

// g[r] += Σ s[k][r]·d[k] over rows k, block by block: each block's sum is added as one number.
// Calls between() every eight rows.
template <class T, int Bytes, int N, int R, class Between = Nothing>
void outer(const T* s, const T* d, int rows, T* g, bool fresh, Between between = {}) {
    using V = typename Sized<T, Bytes>::type;
    constexpr int L = Bytes / sizeof(T), P = panel_columns<T>;
    for (int first = 0; first < rows; first += fallline::block_rows) {
        const int last = first + fallline::block_rows < rows ? first + fallline::block_rows : rows;
        V sums[R][N] = {};
        for (int k = first; k < last; ++k) {
            if (k % 8 == 0) between();
            V column[N];
#pragma GCC unroll 2
            for (int n = 0; n < N; ++n) column[n] = get<T, Bytes>(d + std::ptrdiff_t(k) * P + n * L);
#pragma GCC unroll 16
            for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
                for (int n = 0; n < N; ++n)
                    sums[r][n] += s[std::ptrdiff_t(k) * P + r] * column[n];
        }
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
            for (int n = 0; n < N; ++n) {
                T* to = g + r * (N * L) + n * L;
                const V sum = sums[r][n];
                put<T, Bytes>(to, fresh && first == 0 ? sum : get<T, Bytes>(to) + sum);
            }
    }
}

// Calls f<R>(first) for tiles of nearly equal height that cover `count` rows.
template <int R = most_rows, class Call>
FALLLINE_INLINE void with_rows(int rows, Call&& call) {
    if constexpr (R == 1) {
        call.template operator()<1>();
    } else {
        if (rows == R) call.template operator()<R>();
        else with_rows<R - 1>(rows, call);
    }
}

template <class Call>
FALLLINE_INLINE void by_tiles(int count, Call&& call) {
    for (int tiles = (count + most_rows - 1) / most_rows, first = 0; tiles > 0; --tiles) {
        const int rows = (count - first + tiles - 1) / tiles;
        with_rows(rows, [&]<int R>() { call.template operator()<R>(first); });
        first += rows;
    }
}

// Calls f<N>() for the vectors of a panel that has whole ones.
template <class T, class Call>
FALLLINE_INLINE void with_vectors(int panel_lanes, Call&& call) {
    if (panel_lanes == lanes<T>) call.template operator()<1>();
    else call.template operator()<2>();
}

// Calls f<Bytes, N>() for the vectors that a panel of so many lanes has.
template <class T, class Call>
FALLLINE_INLINE void with_panel(int panel_lanes, Call&& call) {
    constexpr int L = lanes<T>;
    if (panel_lanes == 2 * L) return call.template operator()<FALLLINE_VECTOR_BYTES, 2>();
    if (panel_lanes == L) return call.template operator()<FALLLINE_VECTOR_BYTES, 1>();
#if FALLLINE_VECTOR_BYTES >= 32
    if (panel_lanes == L / 2) return call.template operator()<FALLLINE_VECTOR_BYTES / 2, 1>();
#endif
#if FALLLINE_VECTOR_BYTES >= 64
    if (panel_lanes == L / 4) return call.template operator()<FALLLINE_VECTOR_BYTES / 4, 1>();
#endif
}

}  // namespace FALLLINE_NS
