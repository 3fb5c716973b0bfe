// Sums along vectors: of all lanes of one, and of each of as many as there are lanes.

#pragma once

#include <utility>

#include "product.hpp"

namespace FALLLINE_NS {

template <class T>
using Whole = typename Sized<T, FALLLINE_VECTOR_BYTES>::type;
template <class T>
FALLLINE_INLINE Whole<T> whole(const T* from) { return get<T, FALLLINE_VECTOR_BYTES>(from); }
template <class T>
FALLLINE_INLINE void put_whole(T* to, Whole<T> a) { put<T, FALLLINE_VECTOR_BYTES>(to, a); }

// In each stretch of 2H lanes the sums of the halves: those of a in its first half, of b in its
// second.
template <class T, int H, int... I>
FALLLINE_INLINE Whole<T> fold(Whole<T> a, Whole<T> b, std::integer_sequence<int, I...>) {
    constexpr int L = lanes<T>;
    return __builtin_shufflevector(a, b, (I % (2 * H) < H ? I : L + I - H)...) +
           __builtin_shufflevector(a, b, (I % (2 * H) < H ? I + H : L + I)...);
}

// The sums of each of L vectors, side by side; v is used up.
template <class T, int H = lanes<T> / 2>
FALLLINE_INLINE Whole<T> side_by_side(Whole<T>* v) {
#pragma GCC unroll 8
    for (int i = 0; i < H; ++i)
        v[i] = fold<T, H>(v[i], v[i + H], std::make_integer_sequence<int, lanes<T>>());
    if constexpr (H > 1) return side_by_side<T, H / 2>(v);
    return v[0];
}

// The sum of one vector, in all lanes.
template <class T, int H = lanes<T> / 2>
FALLLINE_INLINE Whole<T> in_all(Whole<T> v) {
    v = fold<T, H>(v, v, std::make_integer_sequence<int, lanes<T>>());
    if constexpr (H > 1) return in_all<T, H / 2>(v);
    return v;
}

}  // namespace FALLLINE_NS
