// Errors of one target each: the rows of fallline/formulas/losses*.py whose terms stand alone.
//
// A term has `each(y, x)`, the error, and `slope(y, x, o)`, its slope in x, of one lane. x is the
// prediction; in the terms named Of..., which are an error fused with its output activation, it is
// the net input, and o the prediction.

#pragma once

#include "expression.hpp"

namespace FALLLINE_NS {

#define FALLLINE_EACH FALLLINE_INLINE Vec<T> each(Vec<T> y, Vec<T> x) const
#define FALLLINE_SLOPE                                                                            \
    FALLLINE_INLINE Vec<T> slope(Vec<T> y, [[maybe_unused]] Vec<T> x,                             \
                                 [[maybe_unused]] Vec<T> o) const

// --- pieces --------------------------------------------------------------------------------------

// x log(y), where 0 log 0 = 0.
template <class T>
FALLLINE_INLINE Vec<T> x_log_y(Vec<T> x, Vec<T> y) {
    const Mask<T> absent = x == all<T>(0);
    return select(absent, all<T>(0) * y, x * log(select(absent, all<T>(1), y)));
}

// x/y, where 0/0 = 0.
template <class T>
FALLLINE_INLINE Vec<T> x_over_y(Vec<T> x, Vec<T> y) {
    const Mask<T> absent = x == all<T>(0);
    return select(absent, all<T>(0) * y, x / select(absent, all<T>(1), y));
}

// log(x/y) of positive numbers, to the last digits also where they are nearly equal.
template <class T>
FALLLINE_INLINE Vec<T> log_ratio(Vec<T> x, Vec<T> y) {
    const Vec<T> away = (x - y) / y, one = all<T>(1);
    const Mask<T> near = abs(away) < all<T>(0.5);
    const Vec<T> far_log = log(select(near, one, x / y));
    return select(near, log1p(select(near, away, all<T>(0))), far_log);
}

// exp(z) - 1 - z, by its series near 0, where the difference cancels.
template <class T>
FALLLINE_INLINE Vec<T> excess(Vec<T> z) {
    static constexpr double series[] = {1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720,
        1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600,
        1.0 / 6227020800, 1.0 / 87178291200, 1.0 / 1307674368000, 1.0 / 20922789888000,
        1.0 / 355687428096000, 1.0 / 6402373705728000, 1.0 / 121645100408832000};
    const Mask<T> near = abs(z) < all<T>(1);
    const Vec<T> small = select(near, z, all<T>(0)), large = select(near, all<T>(1), z);
    return select(near, small * small * polynomial(small, series), expm1(large) - large);
}

// --- numbers -------------------------------------------------------------------------------------

template <class T>
struct Squares {
    FALLLINE_EACH { const Vec<T> away = y - x; return away * away * all<T>(0.5); }
    FALLLINE_SLOPE { return x - y; }
};

template <class T>
struct Absolute {
    FALLLINE_EACH { return abs(y - x); }
    FALLLINE_SLOPE { return sign(x - y); }
};

template <class T>
struct Huber {
    Vec<T> delta, half;  // half of delta

    explicit Huber(double d) : delta(all<T>(d)), half(all<T>(d / 2)) {}

    FALLLINE_EACH {
        const Vec<T> size = abs(y - x);
        const Mask<T> inside = size <= delta;
        const Vec<T> near = select(inside, size, all<T>(0));
        return select(inside, near * near * all<T>(0.5), delta * (size - half));
    }
    FALLLINE_SLOPE { return clamp(x - y, -delta, delta); }
};

template <class T>
struct LogCosh {
    FALLLINE_EACH { return log_cosh(y - x); }
    FALLLINE_SLOPE { return tanh(x - y); }
};

// The level is an argument here: each output of a target has its own.
template <class T>
struct Quantile {
    FALLLINE_INLINE Vec<T> each(Vec<T> y, Vec<T> x, Vec<T> level) const {
        const Vec<T> above = x - y;
        return level * positive_part(-above) + (all<T>(1) - level) * positive_part(above);
    }
    FALLLINE_INLINE Vec<T> slope(Vec<T> y, Vec<T> x, Vec<T> level) const {
        const Vec<T> above = x - y;
        const Vec<T> below = select(above < all<T>(0), -level, all<T>(0) * above);
        return select(above > all<T>(0), all<T>(1) - level, below);
    }
};

template <class T>
struct OneQuantile {
    Vec<T> level;

    FALLLINE_EACH { return Quantile<T>{}.each(y, x, level); }
    FALLLINE_SLOPE { return Quantile<T>{}.slope(y, x, level); }
};

// --- counts and positive amounts ---------------------------------------------------------------

template <class T>
struct Poisson {
    FALLLINE_EACH {
        const Mask<T> absent = y == all<T>(0);
        const Vec<T> safe = select(absent, all<T>(1), y);
        return select(absent, x, safe * excess(log_ratio(x, safe)));
    }
    FALLLINE_SLOPE { return (x - y) / x; }
};

template <class T>
struct PoissonOfExp {
    FALLLINE_EACH {
        const Mask<T> absent = y == all<T>(0);
        const Vec<T> safe = select(absent, all<T>(1), y);
        const Vec<T> none = exp(select(absent, x, all<T>(0)));
        return select(absent, none, safe * excess(x - log(safe)));
    }
    FALLLINE_SLOPE { return o - y; }
};

template <class T>
struct Gamma {
    FALLLINE_EACH { return excess(log_ratio(y, x)); }
    FALLLINE_SLOPE { return (x - y) / (x * x); }
};

template <class T>
struct GammaOfExp {
    FALLLINE_EACH { return excess(log(y) - x); }
    FALLLINE_SLOPE { return -expm1(log(y) - x); }
};

// A number with its mean and variance: `first` is the slope in the mean, `second` in the variance.
template <class T>
struct Gaussian {
    static constexpr double half_log_two_pi = 0.9189385332046727;

    FALLLINE_INLINE Vec<T> each(Vec<T> y, Vec<T> mean, Vec<T> variance) const {
        const Vec<T> away = y - mean;
        return all<T>(half_log_two_pi) + log(variance) * all<T>(0.5) +
               away * away / (all<T>(2) * variance);
    }
    FALLLINE_INLINE Vec<T> first(Vec<T> y, Vec<T> mean, Vec<T> variance) const {
        return (mean - y) / variance;
    }
    FALLLINE_INLINE Vec<T> second(Vec<T> y, Vec<T> mean, Vec<T> variance) const {
        const Vec<T> away = mean - y;
        return (all<T>(1) - away * away / variance) / (all<T>(2) * variance);
    }
};

template <class T>
struct GaussianOfNetInput {
    FALLLINE_INLINE Vec<T> each(Vec<T> y, Vec<T> mean, Vec<T> log_variance) const {
        const Vec<T> away = y - mean;
        const Vec<T> sum = log_variance + away * away * exp(-log_variance);
        return all<T>(Gaussian<T>::half_log_two_pi) + sum * all<T>(0.5);
    }
    FALLLINE_INLINE Vec<T> first(Vec<T> y, Vec<T> mean, Vec<T> log_variance) const {
        return (mean - y) * exp(-log_variance);
    }
    FALLLINE_INLINE Vec<T> second(Vec<T> y, Vec<T> mean, Vec<T> log_variance) const {
        const Vec<T> away = mean - y;
        return (all<T>(1) - away * away * exp(-log_variance)) * all<T>(0.5);
    }
};

// --- two classes -----------------------------------------------------------------------------

// Labels taken towards their middle, and predictions held between clip and 1 - clip.
template <class T>
struct Labels {
    Vec<T> kept, added, least, most;
    bool clips;

    // Smoothing over `classes`; 2 also where each output is a question of its own.
    Labels(double smoothing, double clip, double classes)
        : kept(all<T>(1 - smoothing)), added(all<T>(smoothing / classes)), least(all<T>(clip)),
          most(all<T>(1 - clip)), clips(clip > 0) {}

    FALLLINE_INLINE Vec<T> meant(Vec<T> y) const { return kept * y + added; }
    FALLLINE_INLINE Vec<T> held(Vec<T> yhat) const {
        return clips ? clamp(yhat, least, most) : yhat;
    }
};

// The error of a clipped prediction, the slope of one that is not clipped.
template <class T>
struct Binary {
    Labels<T> labels;

    FALLLINE_EACH {
        const Vec<T> meant = labels.meant(y), yhat = labels.held(x), one = all<T>(1);
        return -(x_log_y(meant, yhat) + x_log_y(one - meant, one - yhat));
    }
    FALLLINE_SLOPE {
        const Vec<T> meant = labels.meant(y), one = all<T>(1);
        return x_over_y(one - meant, one - x) - x_over_y(meant, x);
    }
};

template <class T>
struct BinaryOfLogistic {
    Labels<T> labels;

    FALLLINE_EACH {  // not softplus(h) - y h, which cancels for a confident, right unit
        const Vec<T> meant = labels.meant(y);
        return meant * softplus(-x) + (all<T>(1) - meant) * softplus(x);
    }
    FALLLINE_SLOPE {  // not o - y, likewise
        const Vec<T> meant = labels.meant(y);
        return (all<T>(1) - meant) * o - meant * logistic(-x);
    }
};

template <class T>
struct Hinge {
    FALLLINE_EACH { return positive_part(all<T>(1) - y * x); }
    FALLLINE_SLOPE {
        const Vec<T> lacking = all<T>(1) - y * x;
        return select(lacking <= all<T>(0), all<T>(0), select(lacking > all<T>(0), -y, lacking));
    }
};

#undef FALLLINE_EACH
#undef FALLLINE_SLOPE

}  // namespace FALLLINE_NS
