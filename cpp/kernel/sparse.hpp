// Inputs in compressed rows: products with them touch what is not 0, and nothing else.

#pragma once

#include "block.hpp"

namespace FALLLINE_NS {

// to[i] += x·from[i] over the lanes of a panel.
template <class T>
FALLLINE_INLINE void add_scaled(T x, const T* from, T* to, int panel_lanes) {
    with_panel<T>(panel_lanes, [&]<int Bytes, int N>() {
        constexpr int L = Bytes / sizeof(T);
#pragma GCC unroll 2
        for (int n = 0; n < N; ++n)
            put<T, Bytes>(to + n * L, get<T, Bytes>(to + n * L) + x * get<T, Bytes>(from + n * L));
    });
}

// Adds what compressed inputs give to the net inputs of a layer.
template <class T>
void add_sparse(const Block<T>& block, const fallline::Node& node) {
    constexpr int P = Block<T>::P;
    int first = 0;
    for (int e = 0; e < node.source_count; ++e) {
        const fallline::Node& source = block.model.nodes[node.sources[e]];
        if (source.s < 0)
            for (int p = 0; p < node.panel_count; ++p) {
                const int width = node.panels[p].lanes;
                const T* W = block.pass.theta + node.panels[p].offset + std::int64_t(first) * width;
                T* h = block.at(node.h, p);
                for (int r = 0; r < block.count; ++r, h += P)
                    by_entry<T>(block.pass.X, block.row(r), source.column, source.width,
                                [&](int j, T x) {
                                    add_scaled(x, W + std::int64_t(j) * width, h, width);
                                });
            }
        first += source.width;
    }
}

// The gradient of one panel of the weights that lead from compressed inputs.
template <class T>
void sparse_gradient(const fallline::Pass<T>& pass, const fallline::Node& source,
                     const fallline::Panel& panel, const T* d, T* g, bool fresh) {
    constexpr int P = panel_columns<T>;
    if (fresh) std::memset(g, 0, std::size_t(source.width) * panel.lanes * sizeof(T));
    for (int r = 0; r < pass.count; ++r, d += P)
        by_entry<T>(pass.X, pass.rows[r], source.column, source.width, [&](int j, T x) {
            add_scaled(x, d, g + std::int64_t(j) * panel.lanes, panel.lanes);
        });
}

}  // namespace FALLLINE_NS
