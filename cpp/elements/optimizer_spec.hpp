// What an optimizer is: its settings, its state, and the numbers that one step's entries share.

#pragma once

#include "expression.hpp"

namespace FALLLINE_NS {

enum class Optimizer { sgd, adagrad, rmsprop, adadelta, adam, adamw, nadam, lion, rprop };
enum class Dialect { fallline, paper, torch, keras, sklearn, optax };

// The settings of all optimizers by the names that they have in Python; each has its own of them.
struct OptimizerSpec {
    Optimizer kind = Optimizer::sgd;
    Dialect dialect = Dialect::fallline;
    double learning_rate = 0.01;
    double momentum = 0;
    double epsilon = 0, start = 0, decay = 0;
    double beta1 = 0, beta2 = 0, weight_decay = 0, psi = 0;
    double shrink = 0, grow = 0, least = 0, most = 0;
    bool nesterov = false, centered = false, amsgrad = false;
};

// The arrays without axes of a state: those of Adam (t) and NAdam (both). In a snapshot they have
// theta's type, and so they are rounded to it after each step.
struct StateScalars {
    double t = 0;
    double product = 1;
};

// One array of a state, as long as theta: its name in Python, and what it starts from.
struct StateArray {
    const char* name;
    double start;
};

// Writes the arrays in the order that `update` takes them, three at most; returns their number.
inline int state_arrays(const OptimizerSpec& spec, StateArray* to) {
    int count = 0;
    const auto add = [&](const char* name, double start = 0) { to[count++] = {name, start}; };
    switch (spec.kind) {
        case Optimizer::sgd:
            if (spec.momentum != 0) add("velocity");
            break;
        case Optimizer::adagrad: add("squares", spec.start); break;
        case Optimizer::rmsprop:
            add("mean_square");
            if (spec.centered) add("mean");
            if (spec.momentum != 0) add("velocity");
            break;
        case Optimizer::adadelta: add("mean_square"); add("mean_square_step"); break;
        case Optimizer::adam: case Optimizer::adamw:
            add("mean");
            add("mean_square");
            if (spec.amsgrad) add("largest");
            break;
        case Optimizer::nadam: add("mean"); add("mean_square"); break;
        case Optimizer::lion: add("mean"); break;
        case Optimizer::rprop:
            add("size", spec.learning_rate);
            add("gradient");
            if (spec.dialect == Dialect::paper) add("step");
            break;
    }
    return count;
}

inline bool counts_steps(const OptimizerSpec& spec) {
    return spec.kind == Optimizer::adam || spec.kind == Optimizer::adamw ||
           spec.kind == Optimizer::nadam;
}

inline bool keeps_product(const OptimizerSpec& spec) { return spec.kind == Optimizer::nadam; }

// Whether epsilon stands under the root.
inline bool under_root(const OptimizerSpec& spec) {
    return spec.dialect == Dialect::keras || spec.dialect == Dialect::optax ||
           spec.dialect == Dialect::paper;
}

// What all entries of one step share.
template <class T>
struct StepScalars {
    T rate, scale;                 // eta, and eta/eta0
    T beta1, rest1, beta2, rest2;  // of the means, and 1 - beta; beta1 also of the momentum
    T epsilon, decay;
    T mean_factor, square_factor, largest_factor, gradient_factor;
    T shrink, grow, least, most;
};

// 1 - beta^t
inline double one_minus_power(double beta, double t) {
    return beta != 0 ? -__builtin_expm1(t * __builtin_log(beta)) : 1.0;
}

// The factors of Adam, from 1 - beta^t of either mean: of one step, or of several in a vector. That of
// the mean has the step's sign.
template <class N>
struct AdamFactors {
    N mean, square, largest;
};
template <class N>
FALLLINE_INLINE AdamFactors<N> adam_factors(const OptimizerSpec& spec, N of_mean, N of_square,
                                            N rate) {
    const bool first = spec.dialect == Dialect::keras || spec.dialect == Dialect::sklearn;
    const bool paper = spec.amsgrad && spec.dialect == Dialect::paper;
    const bool before = spec.amsgrad && spec.dialect == Dialect::optax;
    const N one = 1.0, over = one / of_square;
    const N numerator = first ? rate * sqrt(of_square) : rate;
    return {paper ? -rate : -numerator / of_mean, paper || before || first ? one : over,
            before ? over : one};
}

template <class T>
inline void prepare_adam(const OptimizerSpec& spec, double t, double rate, StepScalars<T>& s) {
    const auto factors =
        adam_factors(spec, one_minus_power(spec.beta1, t), one_minus_power(spec.beta2, t), rate);
    s.mean_factor = static_cast<T>(factors.mean);
    s.square_factor = static_cast<T>(factors.square);
    s.largest_factor = static_cast<T>(factors.largest);
}

template <class T>
inline void prepare_nadam(const OptimizerSpec& spec, StateScalars& state, StepScalars<T>& s) {
    const auto mean_weight = [&](double t) {
        if (spec.dialect == Dialect::optax) return spec.beta1;
        return spec.beta1 * (1 - 0.5 * __builtin_pow(0.96, spec.psi * t));
    };
    const double mu = mean_weight(state.t), next = mean_weight(state.t + 1);
    const bool paper = spec.dialect == Dialect::paper;
    state.product = static_cast<T>(state.product * mu);
    s.beta1 = static_cast<T>(paper ? mu : spec.beta1);
    s.rest1 = static_cast<T>(1 - (paper ? mu : spec.beta1));
    s.mean_factor = static_cast<T>(next / (1 - state.product * next));
    s.gradient_factor = static_cast<T>((1 - mu) / (1 - state.product));
    const double correction = one_minus_power(spec.beta2, state.t);
    s.square_factor = static_cast<T>((paper ? spec.beta2 : 1) / correction);
}

// The numbers of the step after those that `state` counts, which then counts this one, too.
template <class T>
inline StepScalars<T> prepare(const OptimizerSpec& spec, StateScalars& state,
                              double learning_rate) {
    const double rate = static_cast<T>(learning_rate);
    const bool means = spec.kind == Optimizer::rmsprop || spec.kind == Optimizer::adadelta;
    const double beta1 = spec.momentum != 0 ? spec.momentum : spec.beta1;
    const double beta2 = means ? spec.decay : spec.beta2;
    StepScalars<T> s = {};
    s.rate = static_cast<T>(rate);
    s.scale = static_cast<T>(rate / spec.learning_rate);
    s.beta1 = static_cast<T>(beta1);
    s.rest1 = static_cast<T>(1 - beta1);
    s.beta2 = static_cast<T>(beta2);
    s.rest2 = static_cast<T>(1 - beta2);
    s.epsilon = static_cast<T>(spec.epsilon);
    s.shrink = static_cast<T>(spec.shrink);
    s.grow = static_cast<T>(spec.grow);
    s.least = static_cast<T>(spec.least);
    s.most = static_cast<T>(spec.most);
    s.decay = static_cast<T>(spec.weight_decay);  // of Lion, which multiplies by the rate later
    if (spec.kind == Optimizer::adamw) {
        const double share = spec.dialect == Dialect::paper ? rate / spec.learning_rate : rate;
        s.decay = static_cast<T>(share * spec.weight_decay);
    }
    if (counts_steps(spec)) state.t = static_cast<T>(state.t + 1);
    if (spec.kind == Optimizer::nadam) prepare_nadam(spec, state, s);
    else if (counts_steps(spec)) prepare_adam(spec, state.t, rate, s);
    return s;
}

}  // namespace FALLLINE_NS
