// Vectors of the machine's own width, over the compilers' vector extensions.
//
// All of elements/ is compiled once for each instruction set. The file that includes it defines
// FALLLINE_NS, a namespace of its own for each of them, so that the linker never takes a function
// of one for that of another. For the same reason nothing here uses a standard container.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef FALLLINE_NS
#define FALLLINE_NS fallline_generic
#endif

#ifndef FALLLINE_VECTOR_BYTES
#if defined(__AVX512F__)
#define FALLLINE_VECTOR_BYTES 64
#elif defined(__AVX__)
#define FALLLINE_VECTOR_BYTES 32
#else
#define FALLLINE_VECTOR_BYTES 16
#endif
#endif

#define FALLLINE_INLINE [[gnu::always_inline]] inline

namespace FALLLINE_NS {

// What belongs to a float type: the integer as wide, and the compiler's vectors of both. Written
// out for each, because GCC takes a vector of a template's type for that type itself.
template <class T>
struct Native;
template <>
struct Native<float> {
    using Integer = std::int32_t;
    typedef float Floats __attribute__((vector_size(FALLLINE_VECTOR_BYTES)));
    typedef std::int32_t Integers __attribute__((vector_size(FALLLINE_VECTOR_BYTES)));
    typedef std::uint32_t Unsigned __attribute__((vector_size(FALLLINE_VECTOR_BYTES)));
    typedef float Loose __attribute__((vector_size(FALLLINE_VECTOR_BYTES), aligned(4), may_alias));
};
template <>
struct Native<double> {
    using Integer = std::int64_t;
    typedef double Floats __attribute__((vector_size(FALLLINE_VECTOR_BYTES)));
    typedef std::int64_t Integers __attribute__((vector_size(FALLLINE_VECTOR_BYTES)));
    typedef std::uint64_t Unsigned __attribute__((vector_size(FALLLINE_VECTOR_BYTES)));
    typedef double Loose __attribute__((vector_size(FALLLINE_VECTOR_BYTES), aligned(8), may_alias));
};
template <class T>
using Integer = typename Native<T>::Integer;
template <class T>
using Integers = typename Native<T>::Integers;
template <class T>
using Floats = typename Native<T>::Floats;

template <class T>
struct Mask {
    Integers<T> v;  // -1 (all bits) in lanes where it holds, else 0
};

template <class T>
struct Vec {
    static constexpr int lanes = FALLLINE_VECTOR_BYTES / sizeof(T);

    Floats<T> v;

    Vec() = default;
    FALLLINE_INLINE Vec(Floats<T> values) : v(values) {}
    FALLLINE_INLINE Vec(T value) : v(value - Floats<T>{}) {}  // in all lanes; x - 0 keeps -0

    FALLLINE_INLINE T operator[](int lane) const { return v[lane]; }
};

template <class T>
inline constexpr int lanes = Vec<T>::lanes;

// --- memory ----------------------------------------------------------------------------------

template <class T>
FALLLINE_INLINE Vec<T> load(const T* from) {
    return Floats<T>(*reinterpret_cast<const typename Native<T>::Loose*>(from));
}

template <class T>
FALLLINE_INLINE void store(T* to, Vec<T> a) {
    *reinterpret_cast<typename Native<T>::Loose*>(to) = a.v;
}

// The address must be a multiple of FALLLINE_VECTOR_BYTES.
template <class T>
FALLLINE_INLINE Vec<T> load_aligned(const T* from) {
    return load(static_cast<const T*>(__builtin_assume_aligned(from, FALLLINE_VECTOR_BYTES)));
}

template <class T>
FALLLINE_INLINE void store_aligned(T* to, Vec<T> a) {
    store(static_cast<T*>(__builtin_assume_aligned(to, FALLLINE_VECTOR_BYTES)), a);
}

#if defined(__AVX512F__) && FALLLINE_VECTOR_BYTES == 64

inline constexpr bool has_masks = true;  // parts of a vector are loaded at once

FALLLINE_INLINE __mmask16 first_lanes(float, int n) { return __mmask16((1u << n) - 1); }
FALLLINE_INLINE __mmask8 first_lanes(double, int n) { return __mmask8((1u << n) - 1); }

// The first n lanes; the others are 0.
FALLLINE_INLINE Vec<float> load_part(const float* from, int n) {
    return Floats<float>(_mm512_maskz_loadu_ps(first_lanes(0.0f, n), from));
}
FALLLINE_INLINE Vec<double> load_part(const double* from, int n) {
    return Floats<double>(_mm512_maskz_loadu_pd(first_lanes(0.0, n), from));
}
FALLLINE_INLINE void store_part(float* to, Vec<float> a, int n) {
    _mm512_mask_storeu_ps(to, first_lanes(0.0f, n), __m512(a.v));
}
FALLLINE_INLINE void store_part(double* to, Vec<double> a, int n) {
    _mm512_mask_storeu_pd(to, first_lanes(0.0, n), __m512d(a.v));
}

#else

inline constexpr bool has_masks = false;

// The first n lanes; the others are 0.
template <class T>
FALLLINE_INLINE Vec<T> load_part(const T* from, int n) {
    alignas(FALLLINE_VECTOR_BYTES) T part[lanes<T>] = {};
    for (int i = 0; i < n; ++i) part[i] = from[i];
    return load_aligned(part);
}

template <class T>
FALLLINE_INLINE void store_part(T* to, Vec<T> a, int n) {
    alignas(FALLLINE_VECTOR_BYTES) T part[lanes<T>];
    store_aligned(part, a);
    for (int i = 0; i < n; ++i) to[i] = part[i];
}

#endif

// --- arithmetic ------------------------------------------------------------------------------

#define FALLLINE_OPERATOR(op)                                                                     \
    template <class T>                                                                            \
    FALLLINE_INLINE Vec<T> operator op(Vec<T> a, Vec<T> b) { return a.v op b.v; }                 \
    template <class T>                                                                            \
    FALLLINE_INLINE Vec<T> operator op(Vec<T> a, T b) { return a.v op Vec<T>(b).v; }              \
    template <class T>                                                                            \
    FALLLINE_INLINE Vec<T> operator op(T a, Vec<T> b) { return Vec<T>(a).v op b.v; }
FALLLINE_OPERATOR(+)
FALLLINE_OPERATOR(-)
FALLLINE_OPERATOR(*)
FALLLINE_OPERATOR(/)
#undef FALLLINE_OPERATOR

#define FALLLINE_COMPARISON(op)                                                                   \
    template <class T>                                                                            \
    FALLLINE_INLINE Mask<T> operator op(Vec<T> a, Vec<T> b) { return {a.v op b.v}; }              \
    template <class T>                                                                            \
    FALLLINE_INLINE Mask<T> operator op(Vec<T> a, T b) { return {a.v op Vec<T>(b).v}; }
FALLLINE_COMPARISON(<)
FALLLINE_COMPARISON(<=)
FALLLINE_COMPARISON(>)
FALLLINE_COMPARISON(>=)
FALLLINE_COMPARISON(==)
FALLLINE_COMPARISON(!=)
#undef FALLLINE_COMPARISON

template <class T>
FALLLINE_INLINE Vec<T> operator-(Vec<T> a) { return -a.v; }
template <class T>
FALLLINE_INLINE Vec<T>& operator+=(Vec<T>& a, Vec<T> b) { return a = a + b; }
template <class T>
FALLLINE_INLINE Mask<T> operator&(Mask<T> a, Mask<T> b) { return {a.v & b.v}; }
template <class T>
FALLLINE_INLINE Mask<T> operator|(Mask<T> a, Mask<T> b) { return {a.v | b.v}; }
template <class T>
FALLLINE_INLINE Mask<T> operator!(Mask<T> a) { return {~a.v}; }

// A number of the vector's type from a constant written as a double.
template <class T>
FALLLINE_INLINE Vec<T> all(double value) { return Vec<T>(static_cast<T>(value)); }

// A product that the compiler must not join to an addition: of two that are added, it would join one in
// this copy of the code, and in another copy perhaps the other one.
template <class T>
FALLLINE_INLINE Vec<T> rounded(Vec<T> a) {
#if defined(__x86_64__)
    asm("" : "+v"(a.v));
#elif defined(__aarch64__)
    asm("" : "+w"(a.v));
#endif
    return a;
}

template <class T>
FALLLINE_INLINE Vec<T> select(Mask<T> where, Vec<T> yes, Vec<T> no) {
    return where.v ? yes.v : no.v;
}

template <class T>
FALLLINE_INLINE Integers<T> bits(Vec<T> a) { return (Integers<T>)a.v; }
template <class T>
FALLLINE_INLINE Vec<T> from_bits(Integers<T> a) { return (Floats<T>)a; }

template <class T>
FALLLINE_INLINE Mask<T> is_nan(Vec<T> a) { return {a.v != a.v}; }

template <class T>
FALLLINE_INLINE Vec<T> abs(Vec<T> a) {
    constexpr Integer<T> low = ~(Integer<T>(1) << (8 * sizeof(T) - 1));
    return from_bits<T>(bits(a) & low);
}

// |a| with the sign of b.
template <class T>
FALLLINE_INLINE Vec<T> copy_sign(Vec<T> a, Vec<T> b) {
    constexpr Integer<T> low = ~(Integer<T>(1) << (8 * sizeof(T) - 1));
    return from_bits<T>((bits(a) & low) | (bits(b) & ~low));
}

// The greater and the lesser of two, NaN where either is: the machine's own would lose it.
template <class T>
FALLLINE_INLINE Vec<T> max(Vec<T> a, Vec<T> b) { return select((a > b) | is_nan(a), a, b); }
template <class T>
FALLLINE_INLINE Vec<T> min(Vec<T> a, Vec<T> b) { return select((a < b) | is_nan(a), a, b); }
template <class T>
FALLLINE_INLINE Vec<T> clamp(Vec<T> a, Vec<T> low, Vec<T> high) { return min(max(a, low), high); }

// The first n lanes.
template <class T>
FALLLINE_INLINE Mask<T> first_of(int n) {
    Integers<T> number;
#pragma GCC unroll 16
    for (int i = 0; i < lanes<T>; ++i) number[i] = i;
    return {number < static_cast<Integer<T>>(n)};
}

template <class T>
FALLLINE_INLINE bool any(Mask<T> a) {
    alignas(FALLLINE_VECTOR_BYTES) Integer<T> lane[lanes<T>];
    std::memcpy(lane, &a.v, sizeof lane);
    Integer<T> found = 0;
#pragma GCC unroll 16
    for (Integer<T> one : lane) found |= one;
    return found != 0;
}

// The sum of all lanes, in the same order always: halves are added until one lane is left.
template <class T>
FALLLINE_INLINE T sum(Vec<T> a) {
    alignas(FALLLINE_VECTOR_BYTES) T lane[lanes<T>];
    store_aligned(lane, a);
#pragma GCC unroll 16
    for (int half = lanes<T> / 2; half > 0; half /= 2)
#pragma GCC unroll 16
        for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
    return lane[0];
}

// The greatest of all lanes, NaN where any is.
template <class T>
FALLLINE_INLINE T max_of(Vec<T> a) {
    alignas(FALLLINE_VECTOR_BYTES) T lane[lanes<T>];
    store_aligned(lane, a);
#pragma GCC unroll 16
    for (int half = lanes<T> / 2; half > 0; half /= 2)
#pragma GCC unroll 16
        for (int i = 0; i < half; ++i) {
            const T one = lane[i], other = lane[i + half];
            lane[i] = one > other || one != one ? one : other;
        }
    return lane[0];
}

FALLLINE_INLINE double sqrt(double a) { return __builtin_sqrt(a); }

// Compilers have no common name for the root of a vector.
#if defined(__AVX512F__) && FALLLINE_VECTOR_BYTES == 64
FALLLINE_INLINE Vec<float> sqrt(Vec<float> a) {
    return Floats<float>(_mm512_maskz_sqrt_ps(__mmask16(-1), __m512(a.v)));
}
FALLLINE_INLINE Vec<double> sqrt(Vec<double> a) {
    return Floats<double>(_mm512_maskz_sqrt_pd(__mmask8(-1), __m512d(a.v)));
}
#elif defined(__AVX__) && FALLLINE_VECTOR_BYTES == 32
FALLLINE_INLINE Vec<float> sqrt(Vec<float> a) {
    return Floats<float>(_mm256_sqrt_ps(__m256(a.v)));
}
FALLLINE_INLINE Vec<double> sqrt(Vec<double> a) {
    return Floats<double>(_mm256_sqrt_pd(__m256d(a.v)));
}
#elif defined(__x86_64__) && FALLLINE_VECTOR_BYTES == 16
FALLLINE_INLINE Vec<float> sqrt(Vec<float> a) { return Floats<float>(_mm_sqrt_ps(__m128(a.v))); }
FALLLINE_INLINE Vec<double> sqrt(Vec<double> a) {
    return Floats<double>(_mm_sqrt_pd(__m128d(a.v)));
}
#elif defined(__aarch64__) && FALLLINE_VECTOR_BYTES == 16
FALLLINE_INLINE Vec<float> sqrt(Vec<float> a) {
    return Floats<float>(vsqrtq_f32(float32x4_t(a.v)));
}
FALLLINE_INLINE Vec<double> sqrt(Vec<double> a) {
    return Floats<double>(vsqrtq_f64(float64x2_t(a.v)));
}
#else
template <class T>
FALLLINE_INLINE Vec<T> sqrt(Vec<T> a) {
    for (int i = 0; i < lanes<T>; ++i)
        a.v[i] = sizeof(T) == 4 ? T(__builtin_sqrtf(float(a.v[i]))) : T(__builtin_sqrt(a.v[i]));
    return a;
}
#endif

// a / (sqrt(b) + c) for b >= 0 and c > 0. Where the machine has estimates of reciprocals, one step
// of Newton's makes them exact to an ulp or two of floats, and two to some of doubles, in a third of
// the time of root and division.
template <class T>
FALLLINE_INLINE Vec<T> over_root(Vec<T> a, Vec<T> b, T c) { return a / (sqrt(b) + c); }
#if defined(__AVX512F__) && FALLLINE_VECTOR_BYTES == 64
FALLLINE_INLINE Vec<float> over_root(Vec<float> a, Vec<float> b, float c) {
    // 1/0 is infinite; the least that is not makes 0 of 0, and NaN stays.
    const __m512 least =
        _mm512_maskz_max_ps(__mmask16(-1), __m512(b.v), _mm512_set1_ps(1.2e-38f));
    const Vec<float> guess = Floats<float>(_mm512_maskz_rsqrt14_ps(__mmask16(-1), least));
    const Vec<float> root = b * (guess * (1.5f - 0.5f * b * guess * guess));
    const Vec<float> d = root + c, inverse =
        Floats<float>(_mm512_maskz_rcp14_ps(__mmask16(-1), __m512(d.v)));
    return a * inverse * (2.0f - d * inverse);
}
FALLLINE_INLINE Vec<double> over_root(Vec<double> a, Vec<double> b, double c) {
    const __m512d least =
        _mm512_maskz_max_pd(__mmask8(-1), __m512d(b.v), _mm512_set1_pd(2.3e-308));
    const Vec<double> half = 0.5 * b;
    Vec<double> guess = Floats<double>(_mm512_maskz_rsqrt14_pd(__mmask8(-1), least));
    guess = guess * (1.5 - half * guess * guess);
    const Vec<double> near = b * guess;  // the last step is the root's own: its rounding stays
    const Vec<double> d = near + (0.5 * guess) * (b - near * near) + c;
    Vec<double> inverse = Floats<double>(_mm512_maskz_rcp14_pd(__mmask8(-1), __m512d(d.v)));
    inverse = inverse * (2.0 - d * inverse);
    const Vec<double> found = a * inverse;
    return found + inverse * (a - found * d);
}
#endif

// One function of the C library for each lane: for what is rare, and exact rather than fast.
template <class T, class Function>
FALLLINE_INLINE Vec<T> by_lane(Vec<T> a, Function f) {
    for (int i = 0; i < lanes<T>; ++i) a.v[i] = f(a.v[i]);
    return a;
}

// --- loops -----------------------------------------------------------------------------------

// Calls body(at, n) for 0 <= at < count by whole vectors, and once with n lanes for the rest. The body
// stands there once: twice, with and without a constant n, would be twice the code of all elements.
template <class T, class Body>
FALLLINE_INLINE void by_vector(std::ptrdiff_t count, Body&& body) {
    constexpr int L = lanes<T>;
    for (std::ptrdiff_t at = 0; at < count; at += L)
        body(at, count - at < L ? static_cast<int>(count - at) : L);
}

// load and store that take whole vectors at once: n is a constant where `by_vector` is inlined.
template <class T>
FALLLINE_INLINE Vec<T> load_some(const T* from, int n) {
    return n == lanes<T> ? load(from) : load_part(from, n);
}
template <class T>
FALLLINE_INLINE void store_some(T* to, Vec<T> a, int n) {
    if (n == lanes<T>) store(to, a);
    else store_part(to, a, n);
}

// The greatest of some values, NaN where any is.
template <class T>
FALLLINE_INLINE T greatest_of(const T* values, std::ptrdiff_t count) {
    Vec<T> greatest(values[0]);
    by_vector<T>(count, [&](std::ptrdiff_t at, int n) {
        const Vec<T> some = load_some(values + at, n);
        greatest = max(greatest, n == lanes<T> ? some : select(first_of<T>(n), some, greatest));
    });
    return max_of(greatest);
}

}  // namespace FALLLINE_NS
