// Products with whole panels, and of those so narrow that most lanes of a tile would be idle.

#pragma once

#include "../elements/columns.hpp"
#include "sums.hpp"

namespace FALLLINE_NS {

// --- narrow panels ---------------------------------------------------------------------------

// Products with a panel of a quarter of a vector or less, that sums over so few that it is turned in
// passing: its vectors run along the sum, which is one of lanes that are added up at its end, for as many
// rows at a time as there are lanes. The layer's shape alone decides, and a row's bits are the same among
// others: what is computed of it is the same code for all. Returns whether it is such a panel.
template <class T>
bool times_narrow(const Stretch<T>* stretches, int count, int rows, const fallline::Panel& panel,
                  const T* weights, const T* start, T* out) {
    constexpr int L = lanes<T>, P = panel_columns<T>, most = 2048;
    if (4 * panel.columns > L || count * panel.columns * P > most) return false;
    alignas(FALLLINE_VECTOR_BYTES) T turned[most];
    for (int i = 0; i < count; ++i)
        for (int j = 0; j < panel.columns; ++j) {
            const T* from = weights + panel.offset + std::ptrdiff_t(stretches[i].first) * panel.lanes + j;
            T* to = turned + (j * count + i) * P;
            for (int k = 0; k < P; ++k) to[k] = k < stretches[i].count ? from[k * panel.lanes] : T(0);
        }
    for (int j = 0; j < panel.columns; ++j)
        for (int first = 0; first < rows; first += L) {
            const int last = rows - first < L ? rows - first - 1 : L - 1;
            std::ptrdiff_t at[L];  // of the rows; the last one again where there are no more
            for (int r = 0; r < L; ++r) at[r] = std::ptrdiff_t(r < last ? r : last) * P;
            Whole<T> sums[L] = {};
            for (int i = 0; i < count; ++i) {
                const T* a = stretches[i].a + std::ptrdiff_t(first) * P;
                const T* b = turned + (j * count + i) * P;
                for (int k = 0; k < stretches[i].count; k += L, a += L, b += L) {
                    const Whole<T> column = whole(b);
                    const Mask<T> there = first_of<T>(stretches[i].count - k);
#pragma GCC unroll 16
                    for (int r = 0; r < L; ++r) {
                        const Vec<T> row = load(a + at[r]);
                        sums[r] += select(there, row, all<T>(0)).v * column;
                    }
                }
            }
            const Whole<T> found = side_by_side<T>(sums) + (start ? start[j] : T(0));
            for (int r = 0; r <= last; ++r) out[std::ptrdiff_t(first + r) * P + j] = found[r];
        }
    return true;
}

// The gradient of a single column: the source's units stand side by side, and three blocks are summed at
// a time, whose chains do not wait for one another. Each chain is that of `outer`, and so are its bits.
template <class T>
void outer_column(const T* s, int units, const T* d, int rows, int apart, T* g, bool fresh) {
    constexpr int L = lanes<T>, P = panel_columns<T>, B = fallline::block_rows;
    for (int j = 1; fresh && j < apart; ++j)
        for (int i = 0; i < units; ++i) g[i * apart + j] = 0;
    const auto some = [&]<int blocks>(int first, int each) {
        Floats<T> sums[blocks][2] = {};
        for (int k = first; k < first + each; ++k)
#pragma GCC unroll 3
            for (int b = 0; b < blocks; ++b)
#pragma GCC unroll 2
                for (int n = 0; n < 2; ++n)
                    sums[b][n] += load(s + std::ptrdiff_t(k + b * B) * P + n * L).v *
                                  d[std::ptrdiff_t(k + b * B) * P];
        for (int b = 0; b < blocks; ++b) {
            alignas(FALLLINE_VECTOR_BYTES) T sum[P];
            store_aligned(sum, Vec<T>(sums[b][0]));
            store_aligned(sum + L, Vec<T>(sums[b][1]));
            for (int i = 0; i < units; ++i) {
                T& to = g[i * apart];
                to = fresh && first + b == 0 ? sum[i] : to + sum[i];
            }
        }
    };
    int first = 0;
    for (; first + 3 * B <= rows; first += 3 * B) some.template operator()<3>(first, B);
    for (; first + B <= rows; first += B) some.template operator()<1>(first, B);
    if (first < rows) some.template operator()<1>(first, rows - first);
}

// Whether the gradient of a panel takes less with its vectors along the source and its few columns as the
// rows of a tile.
template <class T>
FALLLINE_INLINE bool is_turned(const fallline::Panel& panel) {
    return panel.columns <= most_rows && (panel.lanes < lanes<T> || panel.columns < panel.lanes);
}

// The gradient of such a panel. What is turned then is little.
template <class T, class Between = Nothing>
void outer_turned(const T* s, int units, const T* d, int rows, const fallline::Panel& panel, T* g,
                  bool fresh, Between between = {}) {
    constexpr int L = lanes<T>, P = panel_columns<T>;
    alignas(FALLLINE_VECTOR_BYTES) T turned[most_rows * P];
    Vec<T> columns[P];
    for (int i = 0; !fresh && i < units; i += L) {
        load_columns(g + i * panel.lanes, panel.lanes, units - i < L ? units - i : L, panel.columns,
                     columns);
        for (int j = 0; j < panel.columns; ++j) store_aligned(turned + j * P + i, columns[j]);
    }
    with_rows(panel.columns, [&]<int R>() {
        outer<T, FALLLINE_VECTOR_BYTES, 2, R>(d, s, rows, turned, fresh, between);
    });
    for (int i = 0; i < units; i += L) {
        for (int j = 0; j < panel.lanes; ++j)
            columns[j] = j < panel.columns ? load_aligned(turned + j * P + i) : all<T>(0);
        store_columns(columns, g + i * panel.lanes, panel.lanes, units - i < L ? units - i : L,
                      panel.lanes);
    }
}

// --- any panel -------------------------------------------------------------------------------

// The products of `rows` rows with one panel.
template <class T>
void times_panel(const Stretch<T>* stretches, int count, int rows, const fallline::Panel& panel,
                 const T* weights, const T* start, T* out) {
    if (times_narrow(stretches, count, rows, panel, weights, start, out)) return;
    with_panel<T>(panel.lanes, [&]<int Bytes, int N>() {
        by_tiles(rows, [&]<int R>(int first) {
            times<T, Bytes, N, R>(stretches, count, first, weights + panel.offset, start,
                                  out + std::ptrdiff_t(first) * panel_columns<T>);
        });
    });
}

// The gradient of `units` rows of W in one panel, from a source's panel and the layer's.
template <class T>
void outer_panel(const T* s, int units, const T* d, int rows, const fallline::Panel& panel, T* g,
                 bool fresh) {
    if (panel.columns == 1) return outer_column(s, units, d, rows, panel.lanes, g, fresh);
    if (is_turned<T>(panel)) return outer_turned(s, units, d, rows, panel, g, fresh);
    with_vectors<T>(panel.lanes, [&]<int N>() {
        by_tiles(units, [&]<int R>(int first) {
            outer<T, FALLLINE_VECTOR_BYTES, N, R>(
                s + first, d, rows, g + std::ptrdiff_t(first) * panel.lanes, fresh);
        });
    });
}

}  // namespace FALLLINE_NS
