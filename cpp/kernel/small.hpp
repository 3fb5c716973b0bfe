// Many steps of small work on end: each moves what its gradient says. Those of one row: small_single.hpp

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
    if (adam) corrections_.next(state.t, rate, shared_);
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

// Whether θ and the optimizer's arrays are finite.
template <class T>
bool SmallSteps<T>::sound_numbers() const {
    Vec<T> sound = all<T>(0);
    const auto look = [&](const T* array) {
        for (std::int64_t i = 0; i < model_.numbers; i += lanes<T>)
            sound += load_aligned(array + i) * all<T>(0);
    };
    look(run_.theta);
    for (const T* array : run_.arrays)
        if (array) look(array);
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

template <class T>
FALLLINE_INLINE void SmallSteps<T>::step(double weight, double rate, fallline::Step& told) {
    told.weight = weight;
    forward();
    error(told);
    prepare_step(rate);
    const double share = run_.sums ? weight / run_.total_weight : 1.0;
    const double l1 = run_.l1 * share;
    const double l2 = run_.l2 * share + (run_.alpha != 0 ? run_.alpha / weight : 0);
    backward();
    const bool sound = with_method(
        optimizer_, [&](auto method) { return move<decltype(method)>(l1, l2, told); });
    finish(told, sound);
}

// Takes the root of the squared norm, and says whether all of a step is finite.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::finish(fallline::Step& told, bool sound) {
    if (is_safe(told.norm)) {
        told.norm = __builtin_sqrt(told.norm);
    } else {
        told.norm = safe_norm(told.finite);
        sound = sound && sound_numbers();
    }
    told.finite = told.finite && __builtin_isfinite(told.error + told.penalty) && sound &&
                  __builtin_isfinite(run_.numbers.t) && __builtin_isfinite(run_.numbers.product);
    ++run_.taken;
}

}  // namespace FALLLINE_NS
