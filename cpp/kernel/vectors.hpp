// Whole vectors as long as θ: what a solver does between two evaluations.

#pragma once

#include "finish.hpp"

namespace FALLLINE_NS {

// Sums of products by lane in double precision, which add up in one order.
template <class T>
struct Products;
template <>
struct Products<double> {
    Vec<double> sums = all<double>(0);

    FALLLINE_INLINE void add(Vec<double> a, Vec<double> b) { sums = sums + a * b; }
    FALLLINE_INLINE Vec<double> all_lanes() const { return sums; }
};
template <>
struct Products<float> {
    Wide<float>::Doubles low = {}, high = {};

    FALLLINE_INLINE void add(Vec<float> x, Vec<float> y) {
        Wide<float>::Doubles a, b, c, d;
        Wide<float>::widen(x, a, b);
        Wide<float>::widen(y, c, d);
        low += a * c;
        high += b * d;
    }
    FALLLINE_INLINE Vec<double> all_lanes() const { return Vec<double>(low + high); }
};

// Σ a·b; `count` is a multiple of a vector, as all that is padded.
template <class T>
double dot(const T* a, const T* b, std::int64_t count) {
    constexpr int L = lanes<T>, chains = 4;
    Products<T> sums[chains];
    std::int64_t i = 0;
    for (; i + chains * L <= count; i += chains * L)
#pragma GCC unroll 4
        for (int c = 0; c < chains; ++c) sums[c].add(load(a + i + c * L), load(b + i + c * L));
    for (; i < count; i += L) sums[0].add(load(a + i), load(b + i));
    const Vec<double> even = sums[0].all_lanes() + sums[2].all_lanes();
    return sum(even + (sums[1].all_lanes() + sums[3].all_lanes()));
}

// to = a + factor·b; `to` may be one of them.
template <class T>
void combine(const T* a, double factor, const T* b, T* to, std::int64_t count) {
    const Vec<T> times = all<T>(factor);
    for (std::int64_t i = 0; i < count; i += lanes<T>)
        store(to + i, load(a + i) + times * load(b + i));
}

}  // namespace FALLLINE_NS
