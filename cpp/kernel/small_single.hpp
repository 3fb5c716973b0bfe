// Small work of one row a step under plain Adam: online learning. See cpp/small.hpp.

#pragma once

#include "small.hpp"

namespace FALLLINE_NS {

// Copies a row, and notes what it counts in E; returns whether it counts at all.
template <class T>
FALLLINE_INLINE bool SmallSteps<T>::gather_single(std::int64_t at, double& weight) {
    const fallline::Matrix X = run_.X, Y = run_.Y;
    const std::int64_t row = run_.order[at];
    if (at + 1 < run_.length) __builtin_prefetch(X.data + run_.order[at + 1] * X.row_stride);
    weight = number_of<T>(run_.weights + row * run_.weight_stride);
    if (weight == 0) return false;
    take_row(X, row, model_.layers[0].fan_in, this->at(model_.x));
    T* y = this->at(model_.y);
    for (int j = 0, targets = model_.whole->targets; j < targets; ++j)
        y[j] = number_of<T>(Y.data + row * Y.row_stride + j * Y.column_stride);
    run_.factors[0] = run_.sums ? weight : weight * (1 / weight);
    n_ = 1;
    return true;
}

// Usual activations are taken of sums in registers, and of others of the whole layer.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::forward_single() {
    const T* from = at(model_.x);
    for (int i = 0; i < model_.count; ++i) {
        const Layer& layer = model_.layers[i];
        const T *W = run_.theta + layer.weights, *b = run_.theta + layer.biases;
        const bool biased = layer.biases >= 0;
        T *h = at(layer.h), *o = at(layer.o);
        if (layer.narrow) {
            for (int j = 0; j < layer.size; ++j)
                h[j] = small_dot(from, W + j * layer.across, static_cast<int>(layer.across)) +
                       (biased ? b[j] : T(0));
            if (!layer.linear && !takes_softmax(layer)) activate_rows(layer);
        } else {
            const T a = static_cast<T>(layer.activation.settings[0]);
            bool usual = true;
            small_row(from, layer.fan_in, W, layer.across, static_cast<int>(layer.stride),
                      biased ? b : nullptr, [&](int column, Vec<T> sum) {
                store(h + column, sum);
                usual = with_usual_unit(layer.activation.kind, [&](auto unit) {
                    store(o + column, unit.f(sum, a));
                });
            });
            if (!usual && !takes_softmax(layer)) activate_rows(layer);
        }
        for (std::int64_t j = layer.size; j < layer.stride; ++j) o[j] = 0;
        from = o;
    }
}

// The slope by a layer's net inputs, from the layer that it feeds.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::back_single(const Layer& layer, const Layer& next) {
    if (!next.narrow) return back_to(layer, next);
    const T *delta = at(next.d), *h = at(layer.h), *o = at(layer.o);
    const T a = static_cast<T>(layer.activation.settings[0]);
    T* d = at(layer.d);
    bool usual = true;
    small_row(delta, next.size, run_.theta + next.weights, next.across,
              static_cast<int>(layer.stride), static_cast<const T*>(nullptr),
              [&](int column, Vec<T> sum) {
        usual = with_usual_unit(layer.activation.kind, [&](auto unit) {
            store(d + column, sum * unit.slope(load(h + column), load(o + column), a));
        });
        if (!usual) store(d + column, sum);
    });
    if (!usual) activate_back(ActivationRow(layer.activation).spec, h, o, d, 1, layer.size, layer.stride);
    for (std::int64_t j = layer.size; j < layer.stride; ++j) d[j] = 0;
}

// The way back of a single row, for plain Adam: a number of the gradient is one product, and so the
// weights of a layer move as soon as the layer before has its deltas; the gradient is not written.
// Returns its squared norm, NaN or infinite where something did not stay finite.
template <class T>
FALLLINE_INLINE double SmallSteps<T>::back_and_move() {
    constexpr int L = lanes<T>;
    SmallMover<T, Adam<false, false>> mover(run_, shared_, 0, 0);
    for (int i = model_.count - 1; i >= 0; --i) {
        const Layer& layer = model_.layers[i];
        if (i > 0) back_single(model_.layers[i - 1], layer);
        std::int64_t unused;
        const T *a = before(i, unused), *d = at(layer.d);
        const T *units = layer.narrow ? d : a, *along = layer.narrow ? a : d;
        const int count = layer.narrow ? layer.size : layer.fan_in;
        const std::int64_t across = layer.across, weights = layer.weights, biases = layer.biases;
        for (std::int64_t column = 0; column < across; column += L) {
            const Vec<T> some = load(along + column);
            for (int k = 0; k < count; ++k)
                mover(weights + k * across + column, Vec<T>(units[k]) * some, true);
        }
        for (int column = 0; biases >= 0 && column < layer.size; column += L) {
            const int left = layer.size - column;
            mover(biases + column, load_some(d + column, left < L ? left : L), false);
        }
    }
    return mover.norm();
}

// Of the step that was taken last, where its norm must be found again.
template <class T>
[[gnu::noinline]] void SmallSteps<T>::write_gradient() {
    for (int i = 0; i < model_.count; ++i) {
        weight_gradient(i);
        if (model_.layers[i].biases >= 0) bias_gradient(model_.layers[i]);
    }
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::step_single(double weight, double rate, fallline::Step& told) {
    told.weight = weight;
    forward_single();
    error(told);
    prepare_step(rate);
    told.norm = back_and_move();
    if (!is_safe(told.norm)) write_gradient();
    finish(told, true);
}

template <class T>
std::int64_t SmallSteps<T>::take_single(std::int64_t first, std::int64_t last,
                                        fallline::Step* told) {
    for (std::int64_t i = first; i < last; ++i, ++told) {
        *told = {};
        double weight;
        if (!gather_single(i, weight)) continue;
        step_single(weight, run_.rates[i], *told);
        if (!told->finite) return i - first + 1;
    }
    return last - first;
}

template <class T>
std::int64_t small_steps(const fallline::SmallModel& model, fallline::SmallRun<T>& run,
                         std::int64_t first, std::int64_t last, fallline::Step* told) {
    SmallSteps<T> steps(model, run);
    return steps.take(first, last, told);
}

}  // namespace FALLLINE_NS
