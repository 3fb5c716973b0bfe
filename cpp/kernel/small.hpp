// Many steps of small work on end: each moves what its gradient says.

#pragma once

#include "small_back.hpp"

namespace FALLLINE_NS {

// What all entries of the step share, and the optimizer's numbers after it.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::prepare_step(double rate) {
    const bool adam = optimizer_.kind == Optimizer::adam || optimizer_.kind == Optimizer::adamw;
    StateScalars state{run_.numbers.t, run_.numbers.product};
    if (rate != rate_ || !adam) {
        if (rate == rate_ && !counts_steps(optimizer_)) return;
        shared_ = prepare<T>(optimizer_, state, rate);
        rate_ = rate;
    } else {
        state.t = static_cast<T>(state.t + 1);
    }
    if (adam) {
        corrections_.template next<T>(state.t);
        correct_adam(optimizer_, corrections_.of_mean(), corrections_.of_square(),
                     double(static_cast<T>(rate)), shared_);
    }
    run_.numbers = {state.t, state.product};
}

// ‖g‖ where squares overflow or vanish.
template <class T>
double SmallSteps<T>::safe_norm(bool& finite) const {
    double largest = 0, scaled = 0;
    for (std::int64_t i = 0; i < model_.numbers; ++i) {
        const double size = __builtin_fabs(double(run_.gradient[i]));
        if (!__builtin_isfinite(size)) {
            finite = false;
            return size;
        }
        if (size > largest) largest = size;
    }
    if (largest == 0) return 0;
    for (std::int64_t i = 0; i < model_.numbers; ++i) {
        const double share = double(run_.gradient[i]) / largest;
        scaled += share * share;
    }
    return __builtin_sqrt(scaled) * largest;
}

template <class T>
bool SmallSteps<T>::sound_arrays() const {
    Vec<T> sound = all<T>(0);
    for (const T* array : run_.arrays)
        for (std::int64_t i = 0; array && i < model_.numbers; i += lanes<T>)
            sound += load_aligned(array + i) * all<T>(0);
    return in_all<T>(sound.v)[0] == 0;
}

// Penalties, norm and the optimizer's step in one pass; returns whether all stayed finite.
template <class T>
template <class Method>
FALLLINE_INLINE bool SmallSteps<T>::move(double l1, double l2, fallline::Step& told) {
    SmallMover<T, Method> mover(run_, shared_, l1, l2);
    const T* g = run_.gradient;
    const std::int64_t weights = model_.weights, numbers = model_.numbers;
    for (std::int64_t i = 0; i < numbers; i += lanes<T>) mover(i, load_aligned(g + i), i < weights);
    return mover.tell(told);
}

// The way back of a single row, for plain Adam: a number of the gradient is one product, and so the
// weights of a layer move as soon as the layer before has its deltas; the gradient is not written.
template <class T>
FALLLINE_INLINE bool SmallSteps<T>::back_and_move(fallline::Step& told) {
    constexpr int L = lanes<T>;
    SmallMover<T, Adam<false, false>> mover(run_, shared_, 0, 0);
    for (int i = model_.count - 1; i >= 0; --i) {
        const Layer& layer = model_.layers[i];
        if (i > 0) back_to(model_.layers[i - 1], layer);
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
    return mover.tell(told);
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::step(double weight, double rate, fallline::Step& told) {
    told.weight = weight;
    forward();
    error(told);
    prepare_step(rate);
    const double share = run_.sums ? weight / run_.total_weight : 1.0;
    const double l1 = run_.l1 * share;
    const double l2 = run_.l2 * share + (run_.alpha != 0 ? run_.alpha / weight : 0);
    const bool plain = optimizer_.kind == Optimizer::adam && !optimizer_.amsgrad;
    const bool alone = n_ == 1 && plain && l1 == 0 && l2 == 0;
    bool sound;
    if (alone) {
        sound = back_and_move(told);
    } else {
        backward();
        sound = with_method(
            optimizer_, [&](auto method) { return move<decltype(method)>(l1, l2, told); });
    }
    constexpr double least = sizeof(T) == 8 ? 1e-280 : 1e-30;
    if (__builtin_isfinite(told.norm) && told.norm > least) {
        told.norm = __builtin_sqrt(told.norm);
    } else {
        for (int i = 0; alone && i < model_.count; ++i) {
            weight_gradient(i);
            if (model_.layers[i].biases >= 0) bias_gradient(model_.layers[i]);
        }
        told.norm = safe_norm(told.finite);
        sound = sound && sound_arrays();
    }
    told.finite = told.finite && __builtin_isfinite(told.error + told.penalty) && sound &&
                  __builtin_isfinite(run_.numbers.t) && __builtin_isfinite(run_.numbers.product);
    ++run_.taken;
}

template <class T>
std::int64_t small_steps(const fallline::SmallModel& model, fallline::SmallRun<T>& run,
                         std::int64_t first, std::int64_t last, fallline::Step* told) {
    SmallSteps<T> steps(model, run);
    return steps.take(first, last, told);
}

}  // namespace FALLLINE_NS
