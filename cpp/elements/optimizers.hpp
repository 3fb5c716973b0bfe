// Optimizers of single steps: the rows of fallline/formulas/optimizers, over a range of entries.
//
// `prepare` computes once a step, in double, what all entries share; `update` then moves them.
// Corrections of means are joined with the learning rate, so that an entry costs one root and one
// division; otherwise operations are those of the Python definitions, in their order.

#pragma once

#include "optimizer_spec.hpp"

namespace FALLLINE_NS {

// A method has the number of its arrays, whether these are means, finite where the squares of all
// gradients were, and
//   step(s, g, w, decays, a): the step of entries w with gradients g; a[i] are their values in the
//   arrays, and become the next ones.
#define FALLLINE_STEP                                                                             \
    template <class T>                                                                            \
    FALLLINE_INLINE static Vec<T> step([[maybe_unused]] const StepScalars<T>& s,                  \
                                       [[maybe_unused]] Vec<T> g, [[maybe_unused]] Vec<T> w,      \
                                       [[maybe_unused]] Vec<T> decays, [[maybe_unused]] Vec<T>* a)

struct PlainDescent {
    static constexpr int arrays = 0;
    static constexpr bool means = false;
    FALLLINE_STEP { return -s.rate * g; }
};

// The rate inside the velocity, or outside, as PyTorch and Optax have it.
template <bool inside, bool nesterov>
struct Momentum {
    static constexpr int arrays = 1;
    static constexpr bool means = false;
    FALLLINE_STEP {
        const Vec<T> now = inside ? rounded(s.rate * g) : g;
        a[0] = inside ? s.beta1 * a[0] - now : s.beta1 * a[0] + now;
        if constexpr (inside) return nesterov ? s.beta1 * a[0] - now : a[0];
        return -s.rate * (nesterov ? g + s.beta1 * a[0] : a[0]);
    }
};

// The root of a mean or sum of squares, with epsilon beside it or under it.
template <bool under, class T>
FALLLINE_INLINE Vec<T> rooted(const StepScalars<T>& s, Vec<T> squares) {
    return under ? sqrt(squares + Vec<T>(s.epsilon)) : sqrt(squares) + s.epsilon;
}

template <bool under>
struct Adagrad {
    static constexpr int arrays = 1;
    static constexpr bool means = false;
    FALLLINE_STEP {
        a[0] = a[0] + g * g;
        return -(s.rate / rooted<under>(s, a[0])) * g;
    }
};

enum class Velocity { none, inside, outside };

template <bool centered, bool under, Velocity velocity>
struct RMSProp {
    static constexpr int arrays = 1 + centered + (velocity != Velocity::none);
    static constexpr bool means = false;
    FALLLINE_STEP {
        a[0] = s.beta2 * a[0] + rounded(s.rest2 * g * g);
        Vec<T> squares = a[0];
        if constexpr (centered) {  // rounding may take the variance a little below 0
            a[1] = s.beta2 * a[1] + rounded(s.rest2 * g);
            squares = max(squares - a[1] * a[1], all<T>(0));
        }
        const Vec<T> root = rooted<under>(s, squares);
        if constexpr (velocity == Velocity::none) {
            return -(s.rate / root) * g;
        } else {
            Vec<T>& v = a[arrays - 1];
            constexpr bool outside = velocity == Velocity::outside;
            v = s.beta1 * v - rounded((outside ? T(1) : s.rate) / root * g);
            return outside ? s.rate * v : v;
        }
    }
};

struct Adadelta {
    static constexpr int arrays = 2;
    static constexpr bool means = false;
    FALLLINE_STEP {
        a[0] = s.beta2 * a[0] + rounded(s.rest2 * g * g);
        const Vec<T> unscaled = g * (rooted<true>(s, a[1]) / rooted<true>(s, a[0]));
        a[1] = s.beta2 * a[1] + rounded(s.rest2 * unscaled * unscaled);
        return -s.rate * unscaled;
    }
};

// Adam and AdamW in all dialects: these differ in the factors alone. The third array of AMSGrad is
// the largest mean of squares so far.
template <bool amsgrad, bool decay>
struct Adam {
    static constexpr int arrays = 2 + amsgrad;
    static constexpr bool means = true;
    FALLLINE_STEP {
        a[0] = s.beta1 * a[0] + rounded(s.rest1 * g);
        a[1] = s.beta2 * a[1] + rounded(s.rest2 * g * g);
        Vec<T> squares = a[1];
        if constexpr (amsgrad) squares = a[2] = max(a[2], a[1] * s.largest_factor);
        const Vec<T> step = over_root(a[0] * s.mean_factor, squares * s.square_factor, s.epsilon);
        return decay ? rounded(step) - s.decay * (decays * w) : step;
    }
};

struct NAdam {
    static constexpr int arrays = 2;
    static constexpr bool means = true;
    FALLLINE_STEP {
        a[0] = s.beta1 * a[0] + rounded(s.rest1 * g);
        a[1] = s.beta2 * a[1] + rounded(s.rest2 * g * g);
        const Vec<T> mean = a[0] * s.mean_factor + rounded(g * s.gradient_factor);
        return -s.rate / (sqrt(a[1] * s.square_factor) + s.epsilon) * mean;
    }
};

struct Lion {
    static constexpr int arrays = 1;
    static constexpr bool means = true;
    FALLLINE_STEP {
        const Vec<T> direction = sign(s.beta1 * a[0] + rounded(s.rest1 * g));
        a[0] = s.beta2 * a[0] + rounded(s.rest2 * g);
        return -s.rate * (direction + s.decay * (decays * w));
    }
};

// The arrays: the size of each entry's step, its gradient before, and where a step may be taken
// back, the step before.
template <bool backtracks>
struct Rprop {
    static constexpr int arrays = 2 + backtracks;
    static constexpr bool means = false;
    FALLLINE_STEP {
        const Vec<T> zero = all<T>(0), one = all<T>(1), same = sign(g) * sign(a[1]);
        const Mask<T> turned = same < zero;
        const Vec<T> factor =
            select(same > zero, Vec<T>(s.grow), select(turned, Vec<T>(s.shrink), one));
        a[0] = clamp(a[0] * factor, Vec<T>(s.least), Vec<T>(s.most));
        a[1] = select(turned, zero, g);
        const Vec<T> move = -s.scale * a[0];
        if constexpr (!backtracks) return move * sign(a[1]);
        return a[arrays - 1] = select(turned, -a[arrays - 1], move * sign(g));
    }
};

#undef FALLLINE_STEP

// --- choosing ----------------------------------------------------------------------------------

template <bool centered, bool under, class Visit>
FALLLINE_INLINE auto with_velocity(const OptimizerSpec& spec, Visit&& visit) {
    if (spec.momentum == 0) return visit(RMSProp<centered, under, Velocity::none>{});
    if (spec.dialect == Dialect::torch) return visit(RMSProp<centered, under, Velocity::outside>{});
    return visit(RMSProp<centered, under, Velocity::inside>{});
}

template <class Visit>
FALLLINE_INLINE auto with_rmsprop(const OptimizerSpec& spec, Visit&& visit) {
    const bool under = under_root(spec);
    if (spec.centered) {
        return under ? with_velocity<true, true>(spec, visit)
                     : with_velocity<true, false>(spec, visit);
    }
    return under ? with_velocity<false, true>(spec, visit)
                 : with_velocity<false, false>(spec, visit);
}

template <class Visit>
FALLLINE_INLINE auto with_momentum(const OptimizerSpec& spec, Visit&& visit) {
    if (spec.momentum == 0) return visit(PlainDescent{});
    if (spec.dialect == Dialect::fallline)
        return spec.nesterov ? visit(Momentum<true, true>{}) : visit(Momentum<true, false>{});
    return spec.nesterov ? visit(Momentum<false, true>{}) : visit(Momentum<false, false>{});
}

// Returns visit(method) for the method that these settings mean.
template <class Visit>
FALLLINE_INLINE auto with_method(const OptimizerSpec& spec, Visit&& visit) {
    switch (spec.kind) {
        case Optimizer::adagrad:
            return under_root(spec) ? visit(Adagrad<true>{}) : visit(Adagrad<false>{});
        case Optimizer::rmsprop: return with_rmsprop(spec, visit);
        case Optimizer::adadelta: return visit(Adadelta{});
        case Optimizer::adam:
            return spec.amsgrad ? visit(Adam<true, false>{}) : visit(Adam<false, false>{});
        case Optimizer::adamw:
            return spec.amsgrad ? visit(Adam<true, true>{}) : visit(Adam<false, true>{});
        case Optimizer::nadam: return visit(NAdam{});
        case Optimizer::lion: return visit(Lion{});
        case Optimizer::rprop:
            return spec.dialect == Dialect::paper ? visit(Rprop<true>{}) : visit(Rprop<false>{});
        default: return with_momentum(spec, visit);
    }
}

// --- moving ------------------------------------------------------------------------------------

// The vectors that say which entries move and decay; null where all do. 1 where so, 0 where not.
template <class T>
struct Which {
    const T* moves = nullptr;
    const T* decays = nullptr;
};

// What moves: the weights, their gradients, the optimizer's arrays in the order of `state_arrays`, and
// what all of them share.
template <class T>
struct Moved {
    const StepScalars<T>* shared;
    T* theta;
    const T* gradient;
    T* arrays[4];
    Which<T> which;
};

// Moves one vector of entries, and adds to `sound` 0 times what they are now, of weights and arrays in
// turn: NaN where something is not finite. `finished` may change a gradient, given its place and weights.
template <class Method, class T, class Finished>
FALLLINE_INLINE void move_vector(const Moved<T>& moved, const StepScalars<T>& shared,
                                 std::ptrdiff_t at, Finished& finished, Vec<T>* sound) {
    constexpr int count = Method::arrays;
    Vec<T> a[count + 1];
    for (int i = 0; i < count; ++i) a[i] = load(moved.arrays[i] + at);
    const Vec<T> w = load(moved.theta + at), g = finished(at, load(moved.gradient + at), w);
    const Vec<T> decays = moved.which.decays ? load(moved.which.decays + at) : all<T>(1);
    Vec<T> step = Method::step(shared, g, w, decays, a);
    if (moved.which.moves)
        step = select(load(moved.which.moves + at) == all<T>(0), all<T>(0), step);
    const Vec<T> now = w + rounded(step);
    store(moved.theta + at, now);
    sound[0] += now * all<T>(0);
    for (int i = 0; i < count; ++i) {
        store(moved.arrays[i] + at, a[i]);
        // A mean of gradients is finite where these are.
        if (i || !Method::means) sound[i & 1] += a[i] * all<T>(0);
    }
}

// The same for all vectors from `begin` to `end`; returns whether all that was computed is finite.
template <class T, class Finished>
inline bool update(const OptimizerSpec& spec, const Moved<T>& moved, std::ptrdiff_t begin,
                   std::ptrdiff_t end, Finished& finished) {
    return with_method(spec, [&](auto method) {
        using Method = decltype(method);
        const Moved<T> own = moved;  // stores might change what is not a copy
        const StepScalars<T> shared = *moved.shared;
        auto finish = finished;  // in registers, too
        Vec<T> sound[2] = {all<T>(0), all<T>(0)};
        for (std::ptrdiff_t at = begin; at < end; at += lanes<T>)
            move_vector<Method>(own, shared, at, finish, sound);
        finished = finish;
        return !any(is_nan(sound[0] + sound[1]));
    });
}

}  // namespace FALLLINE_NS
