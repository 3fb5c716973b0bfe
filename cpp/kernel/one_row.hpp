// The products of a single row: several panels at once.
//
// In a tile of one row each sum waits for the multiply-add before it, and the machine has nothing
// else to do. Panels side by side give it as many sums as it can carry. Each number is the same
// chain of multiply-adds as in a tile of many rows, so its bits are the same; a last panel that is
// not full goes the way of many rows.

#pragma once

#include "panels.hpp"

namespace FALLLINE_NS {

constexpr int most_panels = 4;  // twice as many sums: as many as hide the wait

// out = start + Σ a·b over all stretches, for G full panels of `size` numbers each, which lie one
// after the other; `step` numbers lie between their results.
template <class T, int G>
void times_panels(const Stretch<T>* stretches, int count, const T* panels, std::ptrdiff_t size,
                  const T* start, T* out, std::ptrdiff_t step) {
    constexpr int L = lanes<T>, P = panel_columns<T>;
    Floats<T> sums[G][2];
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g)
#pragma GCC unroll 2
        for (int n = 0; n < 2; ++n)
            sums[g][n] = start ? load(start + g * P + n * L).v : Floats<T>{};
    for (int i = 0; i < count; ++i) {
        const T* a = stretches[i].a;
        const T* b = panels + std::ptrdiff_t(stretches[i].first) * P;
        for (int k = 0; k < stretches[i].count; ++k, b += P) {
#pragma GCC unroll 4
            for (int g = 0; g < G; ++g)
#pragma GCC unroll 2
                for (int n = 0; n < 2; ++n) sums[g][n] += a[k] * load(b + g * size + n * L).v;
        }
    }
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g)
#pragma GCC unroll 2
        for (int n = 0; n < 2; ++n) store(out + g * step + n * L, Vec<T>(sums[g][n]));
}

template <class T, int G = most_panels>
FALLLINE_INLINE void some_panels(int panels, const Stretch<T>* stretches, int count, const T* from,
                                 std::ptrdiff_t size, const T* start, T* out,
                                 std::ptrdiff_t step) {
    if constexpr (G > 1)
        if (panels < G)
            return some_panels<T, G - 1>(panels, stretches, count, from, size, start, out, step);
    times_panels<T, G>(stretches, count, from, size, start, out, step);
}

// The net inputs of one row: its products with all panels of a layer, `step` numbers apart.
template <class T>
void times_layer(const Stretch<T>* stretches, int count, const fallline::Node& node,
                 const T* theta, T* out, std::ptrdiff_t step) {
    constexpr int P = panel_columns<T>;
    const T* biases = node.biases < 0 ? nullptr : theta + node.biases;
    const int full = node.panel_count - (node.panels[node.panel_count - 1].lanes < P);
    const auto start = [&](int p) { return biases ? biases + p * P : nullptr; };
    for (int p = 0; p < full; p += most_panels)
        some_panels<T>(full - p, stretches, count, theta + node.panels[p].offset,
                       std::ptrdiff_t(node.fan_in) * P, start(p), out + p * step, step);
    if (full < node.panel_count)
        times_panel(stretches, count, 1, node.panels[full], theta, start(full),
                    out + full * step);
}

}  // namespace FALLLINE_NS
