// Functions of vectors: exp, log and their kin, for float and double.
//
// No lane branches: both sides are computed and one is selected. NaN gives NaN, infinities give
// limits, and results below the least normal number are right where the thread keeps them. atan,
// and powers that are no small whole numbers, ask the C library lane by lane: they are rare.

#pragma once

#include <limits>

#include "constants.hpp"

namespace FALLLINE_NS {

template <class T>
inline constexpr T infinity = std::numeric_limits<T>::infinity();

// c[0] + c[1] x + ...: odd and even powers apart, which halves the chain of dependent operations.
template <class T, std::size_t N>
FALLLINE_INLINE Vec<T> polynomial(Vec<T> x, const double (&c)[N]) {
    const Vec<T> square = x * x;
    Vec<T> even = all<T>(c[(N - 1) / 2 * 2]), odd = all<T>(c[N / 2 * 2 - 1]);
    for (std::size_t i = (N - 1) / 2; i-- > 0;) even = even * square + all<T>(c[2 * i]);
    for (std::size_t i = N / 2 - 1; i-- > 0;) odd = odd * square + all<T>(c[2 * i + 1]);
    return odd * x + even;
}

// x held between two numbers; NaN stays.
template <class T>
FALLLINE_INLINE Vec<T> limit(Vec<T> x, double low, double high) {
    const Vec<T> raised = select(x < all<T>(low), all<T>(low), x);
    return select(raised > all<T>(high), all<T>(high), raised);
}

// --- exponentials ----------------------------------------------------------------------------

// x = whole log(2) + rest, |rest| <= log(2)/2.
template <class T>
struct Reduced {
    Vec<T> whole, rest;
};

template <class T>
FALLLINE_INLINE Reduced<T> reduced(Vec<T> x) {
    using C = Constants<T>;
    const Vec<T> whole = (x * all<T>(1.4426950408889634) + all<T>(C::whole)) - all<T>(C::whole);
    return {whole, (x - whole * all<T>(C::ln2_high)) - whole * all<T>(C::ln2_low)};
}

// 2^whole for normal results.
template <class T>
FALLLINE_INLINE Vec<T> power_of_two(Vec<T> whole) {
    using C = Constants<T>;
    // In the last bits of this sum stands whole + bias.
    const Integers<T> sum = bits(whole + all<T>(C::whole + C::bias));
    return from_bits<T>(sum << C::mantissa);
}

// x 2^whole, also where 2^whole itself is no normal number.
template <class T>
FALLLINE_INLINE Vec<T> scaled(Vec<T> x, Vec<T> whole) {
    using C = Constants<T>;
    const Vec<T> half = (whole * all<T>(0.5) + all<T>(C::whole)) - all<T>(C::whole);
    return x * power_of_two(half) * power_of_two(whole - half);
}

#if defined(__AVX512F__) && FALLLINE_VECTOR_BYTES == 64
FALLLINE_INLINE Vec<float> scaled(Vec<float> x, Vec<float> whole) {
    return Floats<float>(_mm512_maskz_scalef_ps(__mmask16(-1), __m512(x.v), __m512(whole.v)));
}
FALLLINE_INLINE Vec<double> scaled(Vec<double> x, Vec<double> whole) {
    return Floats<double>(_mm512_maskz_scalef_pd(__mmask8(-1), __m512d(x.v), __m512d(whole.v)));
}
#endif

// exp(x + small), where |small| is at most 0.05: for an x that is rounded, and what it lost.
template <class T>
FALLLINE_INLINE Vec<T> exp(Vec<T> x, Vec<T> small) {
    using C = Constants<T>;
    const auto [whole, rest] = reduced(limit(x, C::exp_low, C::exp_high));
    const Vec<T> r = rest + small;
    return scaled(r * r * polynomial(r, C::exp_rest) + r + all<T>(1.0), whole);
}

template <class T>
FALLLINE_INLINE Vec<T> exp(Vec<T> x) {
    using C = Constants<T>;
    const auto [whole, r] = reduced(limit(x, C::exp_low, C::exp_high));
    return scaled(r * r * polynomial(r, C::exp_rest) + r + all<T>(1.0), whole);
}

// exp(x) - 1
template <class T>
FALLLINE_INLINE Vec<T> expm1(Vec<T> x) {
    using C = Constants<T>;
    const auto [whole, r] = reduced(limit(x, C::expm1_low, C::exp_high));
    const Vec<T> rest = r * r * polynomial(r, C::expm1_rest) + r;
    // Half of it first: 2^whole may be too large where the result is not.
    const Vec<T> half = power_of_two(whole - all<T>(1.0));
    const Vec<T> result = (half * rest + (half - all<T>(0.5))) * all<T>(2.0);
    return select(abs(x) < all<T>(1e-20), x, result);  // -0 too, and what half of would be lost
}

// --- logarithms ------------------------------------------------------------------------------

// log(1 + f) from f, where rest(s^2) is the rest of log((1 + s)/(1 - s)), and s = f/(2 + f).
template <class T, std::size_t N>
FALLLINE_INLINE Vec<T> log_near_one(Vec<T> f, const double (&rest)[N], Vec<T> low) {
    const Vec<T> s = f / (f + all<T>(2.0)), z = s * s;
    const Vec<T> half_square = all<T>(0.5) * f * f;
    const Vec<T> series = s * (half_square + z * polynomial(z, rest));
    return f - (half_square - (series + low));
}

// x = 2^exponent (1 + fraction) with 1 + fraction from sqrt(1/2) to sqrt(2).
template <class T>
struct Parts {
    Vec<T> exponent, fraction;
};

template <class T>
FALLLINE_INLINE Parts<T> parts(Vec<T> x) {
    using C = Constants<T>;
    using Unsigned = typename Native<T>::Unsigned;
    constexpr Integer<T> fraction_bits = (Integer<T>(1) << C::mantissa) - 1;
    const Mask<T> tiny = x < all<T>(C::least_normal);
    const Vec<T> normal = select(tiny, x * all<T>(C::to_normal), x);
    // The exponent's bits below those of a number whose last bit counts 1: less that, they are it.
    const Vec<T> shift = all<T>(static_cast<double>(Integer<T>(1) << C::mantissa));
    const Vec<T> biased =
        from_bits<T>(Integers<T>(Unsigned(bits(normal)) >> C::mantissa) | bits(shift)) - shift;
    const Vec<T> whole = from_bits<T>((bits(normal) & fraction_bits) | bits(all<T>(1.0)));
    const Mask<T> high = whole > all<T>(1.4142135623730951);
    const Vec<T> bias = select(tiny, all<T>(C::bias + C::normal_shift), all<T>(C::bias));
    const Vec<T> exponent = biased - bias;
    return {select(high, exponent + all<T>(1.0), exponent),
            select(high, whole * all<T>(0.5), whole) - all<T>(1.0)};
}

// What log(x) is where x is no positive finite number, else `result`.
template <class T>
FALLLINE_INLINE Vec<T> at_ends_of_log(Vec<T> x, Vec<T> result) {
    const Vec<T> nan(std::numeric_limits<T>::quiet_NaN());
    result = select(x > Vec<T>(std::numeric_limits<T>::max()), x, result);
    result = select(x == all<T>(0.0), Vec<T>(-infinity<T>), result);
    return select(!(x >= all<T>(0.0)), nan, result);
}

template <class T>
FALLLINE_INLINE Vec<T> log(Vec<T> x) {
    using C = Constants<T>;
    const auto [k, f] = parts(x);
    const Vec<T> near = log_near_one(f, C::log_rest, k * all<T>(C::ln2_low));
    return at_ends_of_log(x, k * all<T>(C::ln2_high) + near);
}

// log(1 + x)
template <class T>
FALLLINE_INLINE Vec<T> log1p(Vec<T> x) {
    using C = Constants<T>;
    const Vec<T> one = all<T>(1.0), u = one + x;
    const auto [k, f] = parts(u);
    // What rounding took from 1 + x; nothing is taken where f is x itself.
    const Mask<T> near = k == all<T>(0.0);
    const Vec<T> lost = select(x > one, one - (u - x), x - (u - one)) / u;
    const Vec<T> low = select(near, all<T>(0.0), lost + k * all<T>(C::ln2_low));
    const Vec<T> result =
        k * all<T>(C::ln2_high) + log_near_one(select(near, x, f), C::log_rest, low);
    return select(x == all<T>(0.0), x, at_ends_of_log(u, result));
}

// log(1 + x) for x in [0, 1].
template <class T>
FALLLINE_INLINE Vec<T> log1p_of_part(Vec<T> x) {
    return log_near_one(x, Constants<T>::log_rest_wide, all<T>(0.0));
}

// --- what activations are made of ------------------------------------------------------------

template <class T>
FALLLINE_INLINE Vec<T> tanh(Vec<T> x) {
    const Vec<T> size = abs(x), square = x * x;
    const Vec<T> near = size * square * polynomial(square, Constants<T>::tanh_rest) + size;
    const Vec<T> one = all<T>(1.0), two = all<T>(2.0);
    const Vec<T> far = one - two / (exp(two * size) + one);
    return copy_sign(select(size < all<T>(0.55), near, far), x);
}

// 1/(1 + exp(-x)): the power is at most 1, so that it does not overflow.
template <class T>
FALLLINE_INLINE Vec<T> logistic(Vec<T> x) {
    const Vec<T> one = all<T>(1.0), e = exp(-abs(x));
    return select(x < all<T>(0.0), e, one) / (one + e);
}

// log(1 + exp(x))
template <class T>
FALLLINE_INLINE Vec<T> softplus(Vec<T> x) {
    const Vec<T> zero = all<T>(0.0);
    return select(x < zero, zero, x) + log1p_of_part(exp(-abs(x)));
}

template <class T>
FALLLINE_INLINE Vec<T> sinh(Vec<T> x) {
    const Vec<T> size = abs(x), e = expm1(select(size < all<T>(20.0), size, all<T>(0.0)));
    const Vec<T> near = (e + e / (e + all<T>(1.0))) * all<T>(0.5);
    // exp(size) may be too large where half of it is not.
    const Vec<T> root = exp(size * all<T>(0.5));
    return copy_sign(select(size < all<T>(20.0), near, all<T>(0.5) * root * root), x);
}

template <class T>
FALLLINE_INLINE Vec<T> cosh(Vec<T> x) {
    const Vec<T> size = abs(x), e = exp(size), root = exp(size * all<T>(0.5));
    const Vec<T> near = all<T>(0.5) * e + all<T>(0.5) / e;
    return select(size < all<T>(20.0), near, all<T>(0.5) * root * root);
}

// log(cosh(x)): near 0 a polynomial, as |x| - log 2 + log(1 + exp(-2|x|)) cancels there.
template <class T>
FALLLINE_INLINE Vec<T> log_cosh(Vec<T> x) {
    const Vec<T> size = abs(x), square = x * x;
    const Vec<T> near = square * polynomial(square, Constants<T>::log_cosh_near);
    const Vec<T> far =
        size + (log1p_of_part(exp(all<T>(-2.0) * size)) - all<T>(0.6931471805599453));
    return select(size < all<T>(1.0), near, far);
}

// 1/cosh(x)^2, which 1 - tanh(x)^2 loses where tanh saturates.
template <class T>
FALLLINE_INLINE Vec<T> sech_squared(Vec<T> x) {
    const Vec<T> q = exp(all<T>(-2.0) * abs(x)), sum = all<T>(1.0) + q;
    return all<T>(4.0) * q / (sum * sum);
}

// --- sine and cosine -------------------------------------------------------------------------

// sin(x + quarter pi/2) for a whole quarter of 0 or 1.
template <class T, class Rare>
FALLLINE_INLINE Vec<T> turned(Vec<T> x, double quarter, Rare rare) {
    using C = Constants<T>;
    const Vec<T> near = limit(x, -C::turn_limit, C::turn_limit);
    const Vec<T> sum = near * all<T>(0.6366197723675814) + all<T>(C::whole);
    const Vec<T> q = sum - all<T>(C::whole);
    Vec<T> r = near;
    for (double part : C::half_pi) r = r - q * all<T>(part);
    const Vec<T> square = r * r;
    const Vec<T> sine = r * square * polynomial(square, C::sin_rest) + r;
    const Vec<T> cosine = square * square * polynomial(square, C::cos_rest) +
                          (all<T>(1.0) - all<T>(0.5) * square);
    // In the last bits of the sum stands the number of quarter turns.
    const Integers<T> turns = bits(sum + all<T>(quarter));
    const Mask<T> odd = {(turns & 1) == 1};
    const Vec<T> size = select(odd, cosine, sine);
    const Vec<T> result = from_bits<T>(bits(size) ^ ((turns & 2) << (8 * sizeof(T) - 2)));
    const Mask<T> beyond = abs(x) > all<T>(C::turn_limit);
    return any(beyond) ? select(beyond, by_lane(x, rare), result) : result;
}

template <class T>
FALLLINE_INLINE Vec<T> sin(Vec<T> x) {
    const Vec<T> result = turned(x, 0, [](T a) { return T(__builtin_sin(a)); });
    return select(x == all<T>(0.0), x, result);  // -0 stays
}

template <class T>
FALLLINE_INLINE Vec<T> cos(Vec<T> x) {
    return turned(x, 1, [](T a) { return T(__builtin_cos(a)); });
}

// --- the error function ----------------------------------------------------------------------

// erfc(x) for x >= 0.
template <class T>
FALLLINE_INLINE Vec<T> erfc_of_size(Vec<T> size) {
    using C = Constants<T>;
    const Vec<T> x = limit(size, 0, C::erfc_end);
    const Vec<T> two = all<T>(2.0), one = all<T>(1.0);
    const Vec<T> body = polynomial((x - two) / (x + two), C::erfc_scaled) / (one + two * x);
    // exp(-x^2) from a square that is exact, and what is left of x^2, which is small.
    const Vec<T> high = from_bits<T>(bits(x) & C::upper_half);
    return exp(-(high * high), (high - x) * (high + x)) * body;
}

// 1 - erf(x)
template <class T>
FALLLINE_INLINE Vec<T> erfc(Vec<T> x) {
    const Vec<T> tail = erfc_of_size(abs(x));
    return select(x < all<T>(0.0), all<T>(2.0) - tail, tail);
}

template <class T>
FALLLINE_INLINE Vec<T> erf(Vec<T> x) {
    const Vec<T> size = abs(x), near = x * polynomial(x * x, Constants<T>::erf_near);
    const Vec<T> far = copy_sign(all<T>(1.0) - erfc_of_size(size), x);
    return select(size < all<T>(1.0), near, far);
}

// --- rare ones -------------------------------------------------------------------------------

template <class T>
FALLLINE_INLINE Vec<T> atan(Vec<T> x) {
    return by_lane(x, [](T a) { return T(__builtin_atan(a)); });
}

// x to a constant power: small whole powers by squaring, all others by the C library.
template <class T>
FALLLINE_INLINE Vec<T> pow(Vec<T> x, double exponent) {
    if (exponent == 0.5) return sqrt(x);
    const int n = exponent >= -16 && exponent <= 16 ? static_cast<int>(exponent) : 0;
    if (n == 0 || n != exponent) {
        return by_lane(x, [exponent](T a) { return T(__builtin_pow(a, exponent)); });
    }
    Vec<T> result = all<T>(1.0), power = x;
    for (int left = n < 0 ? -n : n; left > 0; left /= 2, power = power * power)
        if (left % 2) result = result * power;
    return n < 0 ? all<T>(1.0) / result : result;
}

}  // namespace FALLLINE_NS
