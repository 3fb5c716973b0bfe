// Steps of small work: the way back, and gradients.

#pragma once

#include "small_steps.hpp"

namespace FALLLINE_NS {

template <class T>
FALLLINE_INLINE void SmallSteps<T>::bias_gradient(const Layer& layer) {
    constexpr int L = lanes<T>;
    const T* d = at(layer.d);
    T* g = run_.gradient + layer.biases;
    if (layer.stride == 1) {
        Vec<T> total = all<T>(0);
        by_vector<T>(n_, [&](std::ptrdiff_t r, int n) { total += load_some(d + r, n); });
        g[0] = in_all<T>(total.v)[0];
        return;
    }
    for (int column = 0; column < layer.size; column += L) {
        const int some = layer.stride - column < L ? static_cast<int>(layer.stride) - column : L;
        Vec<T> even = all<T>(0), odd = even;
        int r = 0;
        for (; r + 2 <= n_; r += 2) {
            even += load_some(d + r * layer.stride + column, some);
            odd += load_some(d + (r + 1) * layer.stride + column, some);
        }
        if (r < n_) even += load_some(d + r * layer.stride + column, some);
        store(g + column, even + odd);
    }
}

// The slope by a layer's net inputs, from the layer that it feeds.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::back_to(const Layer& layer, const Layer& from) {
    const int columns = static_cast<int>(layer.stride);
    const T* W = run_.theta + from.weights;
    T *d = at(layer.d), *delta = at(from.d);
    if (from.narrow) {
        small_times(delta, from.stride, n_, from.size, W, from.across, columns,
                    static_cast<const T*>(nullptr), d, layer.stride);
    } else if (n_ == 1) {
        small_dots(W, from.across, layer.size, delta, static_cast<int>(from.across), T(0), d, 1);
    } else {
        T* turned = at(model_.transposed);
        for (int i = 0; i < layer.size; ++i)
            for (int j = 0; j < from.size; ++j) turned[j * layer.stride + i] = W[i * from.across + j];
        small_times(delta, from.stride, n_, from.size, turned, layer.stride, columns,
                    static_cast<const T*>(nullptr), d, layer.stride);
    }
    const T *h = at(layer.h), *o = at(layer.o);
    if (!layer.linear && !activate_usual_back(layer.activation, h, o, d, n_ * layer.stride))
        activate_back(ActivationRow(layer.activation).spec, h, o, d, n_, layer.size, layer.stride);
    for (int r = 0; layer.size < layer.stride && r < n_; ++r)
        for (std::ptrdiff_t j = layer.size; j < layer.stride; ++j) d[r * layer.stride + j] = 0;
}

// Where `back_from_one` reads and writes.
template <class T>
struct OneBehind {
    const T *weights, *h, *o, *delta;
    T *d, *gradient, *sums;
    std::int64_t stride;
    int rows;
};

template <class T, class Unit>
[[gnu::noinline]] void back_from_one_of(const OneBehind<T> from, T a) {
    const T *const h = from.h, *const o = from.o, *const delta = from.delta;
    T* const d = from.d;
    const std::ptrdiff_t stride = from.stride;
    const int rows = from.rows;
    for (std::ptrdiff_t column = 0; column < stride; column += lanes<T>) {
        const Vec<T> w = load(from.weights + column);
        Vec<T> slopes[2] = {all<T>(0), all<T>(0)}, total[2] = {all<T>(0), all<T>(0)};
        const auto row = [&](int r, int c) __attribute__((always_inline)) {
            const std::ptrdiff_t i = r * stride + column;
            const Vec<T> out = load(o + i), down = Vec<T>(delta[r]);
            const Vec<T> back = down * w * Unit::slope(load(h + i), out, a);
            slopes[c] += down * out;
            total[c] += back;
            store(d + i, back);
        };
        int r = 0;
        for (; r + 2 <= rows; r += 2) {
            row(r, 0);
            row(r + 1, 1);
        }
        if (r < rows) row(r, 0);
        store(from.gradient + column, slopes[0] + slopes[1]);
        store(from.sums + column, total[0] + total[1]);
    }
}

// From a single unit, in one pass over the rows: the gradient of its weights, the deltas of the layer
// before, and their sums. Returns whether it was done.
template <class T>
FALLLINE_INLINE bool SmallSteps<T>::back_from_one(const Layer& layer, const Layer& from) {
    if (!from.narrow || from.size > 1 || layer.biases < 0) return false;
    const OneBehind<T> place{run_.theta + from.weights, at(layer.h),  at(layer.o),
                             at(from.d),                at(layer.d),  run_.gradient + from.weights,
                             run_.gradient + layer.biases, layer.stride, n_};
    const T a = static_cast<T>(layer.activation.settings[0]);
    return with_usual_unit(layer.activation.kind,
                           [&](auto unit) { back_from_one_of<T, decltype(unit)>(place, a); });
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::weight_gradient(int number) {
    const Layer& layer = model_.layers[number];
    std::int64_t stride;
    const T *a = before(number, stride), *d = at(layer.d);
    const int across = static_cast<int>(layer.across);
    T* g = run_.gradient + layer.weights;
    if (layer.narrow)
        small_outer(d, layer.stride, layer.size, n_, a, stride, across, g, layer.across);
    else
        small_outer(a, stride, layer.fan_in, n_, d, layer.stride, across, g, layer.across);
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::backward() {
    bool summed = false;  // whether the deltas of this layer are
    for (int i = model_.count - 1; i >= 0; --i) {
        const Layer& layer = model_.layers[i];
        if (layer.biases >= 0 && !summed) bias_gradient(layer);
        summed = i > 0 && back_from_one(model_.layers[i - 1], layer);
        if (summed) continue;
        weight_gradient(i);
        if (i > 0) back_to(model_.layers[i - 1], layer);
    }
}

}  // namespace FALLLINE_NS
