// Activations: the rows of fallline/formulas/activations*.py, one case each.
//
// `Unit<kind>` holds f and f' of one lane for the kinds that work on each unit alone; a kernel that
// has a layer's net inputs in registers takes these. `activate` and `activate_back` do whole
// layers of any kind. The pieces, kinks and ways of NaN are those of the Python definitions.

#pragma once

#include "expression.hpp"
#include "math.hpp"

namespace FALLLINE_NS {

enum class Activation {
    identity, logistic, tanh, softplus, gelu, gelu_tanh, silu, mish, sin, gaussian, square, exp,
    relu, leaky_relu, elu, selu, hard_sigmoid, hard_tanh, step,
    softmax, ordered, mean_variance,
    expression,
};

// What one layer's activation is. Settings: leaky_relu(slope), elu(alpha), ordered(groups).
// An expression has a program of f, and one of f', in z.
struct ActivationSpec {
    Activation kind = Activation::identity;
    double settings[4] = {};
    const Program* value = nullptr;
    const Program* slope = nullptr;
};

// --- one unit ----------------------------------------------------------------------------------

template <Activation kind>
struct Unit;

// `f(h, a)` is the output and `slope(h, o, a)` its derivative, a being the first setting.
#define FALLLINE_UNIT(name)                                                                       \
    template <>                                                                                   \
    struct Unit<Activation::name>
#define FALLLINE_F                                                                                \
    template <class T>                                                                            \
    FALLLINE_INLINE static Vec<T> f(Vec<T> h, [[maybe_unused]] T a)
#define FALLLINE_SLOPE                                                                            \
    template <class T>                                                                            \
    FALLLINE_INLINE static Vec<T> slope([[maybe_unused]] Vec<T> h, [[maybe_unused]] Vec<T> o,     \
                                        [[maybe_unused]] T a)

// A constant, but NaN where x is.
template <class T>
FALLLINE_INLINE Vec<T> constant_like(double value, Vec<T> x) {
    return select(x == x, all<T>(value), x);
}

// Beyond it exp(-z) and exp(-z^2) are 0 in both float types, and powers of z may overflow.
inline constexpr double far = 1000;

FALLLINE_UNIT(identity) {
    FALLLINE_F { return h; }
    FALLLINE_SLOPE { return constant_like(1, o); }
};

FALLLINE_UNIT(logistic) {
    FALLLINE_F { return logistic(h); }
    FALLLINE_SLOPE { return o * (all<T>(1) - o); }
};

FALLLINE_UNIT(tanh) {
    FALLLINE_F { return tanh(h); }
    FALLLINE_SLOPE { return all<T>(1) - o * o; }
};

FALLLINE_UNIT(softplus) {
    FALLLINE_F { return softplus(h); }
    FALLLINE_SLOPE { return -expm1(-o); }
};

FALLLINE_UNIT(gelu) {
    template <class T>
    FALLLINE_INLINE static Vec<T> below(Vec<T> h) {  // the normal distribution function
        return erfc(h * all<T>(-0.7071067811865476)) * all<T>(0.5);
    }
    FALLLINE_F { return h * below(h); }
    FALLLINE_SLOPE {
        const Vec<T> near = limit(h, -far, far);
        const Vec<T> density = exp(near * near * all<T>(-0.5)) / all<T>(2.5066282746310002);
        return below(h) + h * density;
    }
};

// z sigma(v(z)), from v and v': gelu_tanh and silu.
template <class T>
FALLLINE_INLINE Vec<T> gated_slope(Vec<T> h, Vec<T> v, Vec<T> dv) {
    const Vec<T> s = logistic(v);
    return s + h * (s * logistic(-v) * dv);
}

FALLLINE_UNIT(gelu_tanh) {
    static constexpr double c = 1.5957691216057308, cubic = 0.044715;  // c = 2 sqrt(2/pi)
    template <class T>
    FALLLINE_INLINE static Vec<T> v(Vec<T> z) {
        return all<T>(c) * (z + all<T>(cubic) * z * z * z);
    }
    FALLLINE_F { return h * logistic(v(limit(h, -far, far))); }
    FALLLINE_SLOPE {
        const Vec<T> z = limit(h, -far, far);
        return gated_slope(h, v(z), all<T>(c) * (all<T>(1) + all<T>(3 * cubic) * z * z));
    }
};

FALLLINE_UNIT(silu) {
    FALLLINE_F { return h * logistic(limit(h, -far, far)); }
    FALLLINE_SLOPE { return gated_slope(h, limit(h, -far, far), all<T>(1)); }
};

FALLLINE_UNIT(mish) {
    FALLLINE_F { return h * tanh(softplus(h)); }
    FALLLINE_SLOPE {
        const Vec<T> s = softplus(h);
        return tanh(s) + h * logistic(h) * sech_squared(s);
    }
};

FALLLINE_UNIT(sin) {
    FALLLINE_F { return sin(h); }
    FALLLINE_SLOPE { return cos(h); }
};

FALLLINE_UNIT(gaussian) {
    FALLLINE_F {
        const Vec<T> near = limit(h, -far, far);
        return exp(-near * near);
    }
    FALLLINE_SLOPE { return all<T>(-2) * limit(h, -far, far) * o; }
};

FALLLINE_UNIT(square) {
    FALLLINE_F { return h * h; }
    FALLLINE_SLOPE { return all<T>(2) * h; }
};

FALLLINE_UNIT(exp) {
    FALLLINE_F { return exp(h); }
    FALLLINE_SLOPE { return o; }
};

FALLLINE_UNIT(relu) {
    FALLLINE_F { return select(h <= all<T>(0), all<T>(0), h); }
    FALLLINE_SLOPE {
        return select(o <= all<T>(0), all<T>(0), select(o > all<T>(0), all<T>(1), o));
    }
};

FALLLINE_UNIT(leaky_relu) {
    FALLLINE_F { return select(h <= all<T>(0), Vec<T>(a) * h, h); }
    FALLLINE_SLOPE { return select(h <= all<T>(0), Vec<T>(a), constant_like(1, h)); }
};

// scale (z above 0, alpha (exp(z) - 1) below)
struct ExponentialBelow {
    template <class T>
    FALLLINE_INLINE static Vec<T> value(Vec<T> h, double scale, Vec<T> below) {
        const Mask<T> low = h <= all<T>(0);
        return select(low, below * expm1(select(low, h, all<T>(0))), all<T>(scale) * h);
    }
    template <class T>
    FALLLINE_INLINE static Vec<T> slope_of(Vec<T> h, double scale, Vec<T> below) {
        const Mask<T> low = h <= all<T>(0);
        return select(low, below * exp(select(low, h, all<T>(0))), constant_like(scale, h));
    }
};

FALLLINE_UNIT(elu) {
    FALLLINE_F { return ExponentialBelow::value(h, 1, Vec<T>(a)); }
    FALLLINE_SLOPE { return ExponentialBelow::slope_of(h, 1, Vec<T>(a)); }
};

FALLLINE_UNIT(selu) {
    static constexpr double scale = 1.0507009873554804934193349852946;
    static constexpr double below = scale * 1.6732632423543772848170429916717;
    FALLLINE_F { return ExponentialBelow::value(h, scale, all<T>(below)); }
    FALLLINE_SLOPE { return ExponentialBelow::slope_of(h, scale, all<T>(below)); }
};

FALLLINE_UNIT(hard_sigmoid) {
    FALLLINE_F {
        const Vec<T> inside = h / all<T>(6) + all<T>(0.5);
        return select(h <= all<T>(-3), all<T>(0), select(h >= all<T>(3), all<T>(1), inside));
    }
    FALLLINE_SLOPE {
        return select(abs(h) >= all<T>(3), all<T>(0), constant_like(1.0 / 6, h));
    }
};

FALLLINE_UNIT(hard_tanh) {
    FALLLINE_F {
        return select(h <= all<T>(-1), all<T>(-1), select(h >= all<T>(1), all<T>(1), h));
    }
    FALLLINE_SLOPE { return select(abs(o) >= all<T>(1), all<T>(0), constant_like(1, o)); }
};

FALLLINE_UNIT(step) {
    FALLLINE_F { return select(h < all<T>(0), all<T>(0), constant_like(1, h)); }
    FALLLINE_SLOPE { return constant_like(0, o); }
};

#undef FALLLINE_UNIT
#undef FALLLINE_F
#undef FALLLINE_SLOPE

// Calls visit(Unit<kind>{}) for a kind that works on each unit alone; returns whether it is one.
template <class Visit>
FALLLINE_INLINE bool with_unit(Activation kind, Visit&& visit) {
    switch (kind) {
#define FALLLINE_CASE(name) \
    case Activation::name: visit(Unit<Activation::name>{}); return true;
        FALLLINE_CASE(identity) FALLLINE_CASE(logistic) FALLLINE_CASE(tanh)
        FALLLINE_CASE(softplus) FALLLINE_CASE(gelu) FALLLINE_CASE(gelu_tanh)
        FALLLINE_CASE(silu) FALLLINE_CASE(mish) FALLLINE_CASE(sin) FALLLINE_CASE(gaussian)
        FALLLINE_CASE(square) FALLLINE_CASE(exp) FALLLINE_CASE(relu) FALLLINE_CASE(leaky_relu)
        FALLLINE_CASE(elu) FALLLINE_CASE(selu) FALLLINE_CASE(hard_sigmoid)
        FALLLINE_CASE(hard_tanh) FALLLINE_CASE(step)
#undef FALLLINE_CASE
        default: return false;
    }
}

}  // namespace FALLLINE_NS
