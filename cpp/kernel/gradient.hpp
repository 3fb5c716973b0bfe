// From error terms to gradients, and weights laid out for the way back.

#pragma once

#include "rows.hpp"

namespace FALLLINE_NS {

// Σ d over the rows, block by block; the sums of three at a time do not wait for one another.
template <class T>
void bias_gradient(const T* d, int rows, const fallline::Panel& panel, T* g, bool fresh) {
    with_panel<T>(panel.lanes, [&]<int Bytes, int N>() {
        using V = typename Sized<T, Bytes>::type;
        constexpr int L = Bytes / sizeof(T), P = panel_columns<T>, B = fallline::block_rows;
        const auto add = [&](int n, int first, V sum) {
            T* to = g + n * L;
            put<T, Bytes>(to, fresh && first == 0 ? sum : get<T, Bytes>(to) + sum);
        };
        const auto some = [&]<int blocks>(int first, int each) {
            V sums[blocks][N] = {};
            for (int k = first; k < first + each; ++k)
#pragma GCC unroll 3
                for (int b = 0; b < blocks; ++b)
#pragma GCC unroll 2
                    for (int n = 0; n < N; ++n)
                        sums[b][n] += get<T, Bytes>(d + std::ptrdiff_t(k + b * B) * P + n * L);
#pragma GCC unroll 3
            for (int b = 0; b < blocks; ++b)
#pragma GCC unroll 2
                for (int n = 0; n < N; ++n) add(n, first + b * B, sums[b][n]);
        };
        int first = 0;
        for (; first + 3 * B <= rows; first += 3 * B) some.template operator()<3>(first, B);
        for (; first + B <= rows; first += B) some.template operator()<1>(first, B);
        if (first < rows) some.template operator()<1>(first, rows - first);
    });
}

// Whether a piece of the gradient is multiplied in tiles.
template <class T>
FALLLINE_INLINE bool in_tiles(const Pass<T>& pass, const Node& source, const Node& node,
                              const fallline::Panel& panel) {
    return has_tiles<T> && pass.tiles && source.s >= 0 && node.split_d >= 0 &&
           panel.lanes == panel_columns<T>;
}

template <class T>
void gradient_of(const Model& model, const Pass<T>& pass, const fallline::GradientTask& task,
                 T* scratch, T* gradient, bool fresh) {
    const Tiles tiles(has_tiles<T> && pass.tiles);
    constexpr int P = panel_columns<T>;
    const Node& node = model.nodes[task.node];
    const fallline::Panel& panel = node.panels[task.panel];
    const T* d = pass.memory + (node.d + std::int64_t(task.panel) * P) * pass.capacity;
    if (task.source < 0) {
        bias_gradient(d, pass.count, panel, gradient + node.biases + task.panel * P, fresh);
        return;
    }
    const Node& source = model.nodes[node.sources[task.source]];
    T* g = gradient + panel.offset + std::int64_t(task.first) * panel.lanes;
    if (source.s < 0) {
        sparse_gradient(pass, source, panel, d, g, fresh);
        return;
    }
    const int units = columns_in(source.width, P, task.source_panel);
    if (in_tiles(pass, source, node, panel)) {
        if constexpr (has_tiles<T>) {
            Turned(pass, source, task.source_panel, scratch + model.tile_scratch).rest();
            tiled_gradient(pass, scratch + model.tile_scratch, node, task.panel, units, g, fresh);
        }
        return;
    }
    const T* s = pass.memory + (source.s + std::int64_t(task.source_panel) * P) * pass.capacity;
    outer_panel(s, units, d, pass.count, panel, g, fresh);
}

// One panel of the weights that lead away from a layer: its units side by side, a row for each unit
// that they feed.
template <class T>
void transpose(const Model& model, int number, int which, const T* theta, T* transposed) {
    constexpr int P = panel_columns<T>;
    const Node& node = model.nodes[number];
    const fallline::Panel& panel = node.transposed[which];
    T* to = transposed + panel.offset;
    for (int c = 0; c < node.consumer_count; ++c) {
        const Node& consumer = model.nodes[node.consumers[c].node];
        const std::int64_t first = node.consumers[c].first + which * P;
        for (int p = 0; p < consumer.panel_count; ++p) {
            const fallline::Panel& from = consumer.panels[p];
            const T* W = theta + from.offset + first * from.lanes;
            for (int j = 0; j < from.columns; ++j, to += panel.lanes)
                for (int i = 0; i < panel.columns; ++i) to[i] = W[std::ptrdiff_t(i) * from.lanes + j];
        }
    }
}

}  // namespace FALLLINE_NS
