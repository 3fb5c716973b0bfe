// Rows side by side, a row a lane: for rows so narrow that most lanes of their own would be idle.

#pragma once

#include "vector.hpp"

namespace FALLLINE_NS {

// So many columns at most: the width alone decides, so that a row's bits do not depend on others.
template <class T>
inline constexpr std::ptrdiff_t narrow_width = 2 * lanes<T>;

// n numbers, each `stride` after the one before; the other lanes are 0.
template <class T>
FALLLINE_INLINE Vec<T> load_apart(const T* from, std::ptrdiff_t stride, int n) {
    Vec<T> found = all<T>(0);
    for (int i = 0; i < n; ++i) found.v[i] = from[i * stride];
    return found;
}

template <class T>
FALLLINE_INLINE void store_apart(T* to, std::ptrdiff_t stride, Vec<T> a, int n) {
    for (int i = 0; i < n; ++i) to[i * stride] = a.v[i];
}

#if defined(__AVX512F__) && FALLLINE_VECTOR_BYTES == 64

FALLLINE_INLINE __m512i places_of(double, std::ptrdiff_t stride) {
    return _mm512_mullo_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64(stride));
}
FALLLINE_INLINE __m512i places_of(float, std::ptrdiff_t stride) {
    return _mm512_mullo_epi32(
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        _mm512_set1_epi32(static_cast<int>(stride)));
}
FALLLINE_INLINE Vec<double> load_apart(const double* from, std::ptrdiff_t stride, int n) {
    return Floats<double>(_mm512_mask_i64gather_pd(_mm512_setzero_pd(), first_lanes(0.0, n),
                                                   places_of(0.0, stride), from, 8));
}
FALLLINE_INLINE Vec<float> load_apart(const float* from, std::ptrdiff_t stride, int n) {
    return Floats<float>(_mm512_mask_i32gather_ps(_mm512_setzero_ps(), first_lanes(0.0f, n),
                                                  places_of(0.0f, stride), from, 4));
}
FALLLINE_INLINE void store_apart(double* to, std::ptrdiff_t stride, Vec<double> a, int n) {
    _mm512_mask_i64scatter_pd(to, first_lanes(0.0, n), places_of(0.0, stride), __m512d(a.v), 8);
}
FALLLINE_INLINE void store_apart(float* to, std::ptrdiff_t stride, Vec<float> a, int n) {
    _mm512_mask_i32scatter_ps(to, first_lanes(0.0f, n), places_of(0.0f, stride), __m512(a.v), 4);
}

#endif

}  // namespace FALLLINE_NS
