// Noise that a step trains under: Threefry-2x32, dropout and what is added to inputs.
//
// All of it is a function of seed, step, stream, row position and unit, as in
// fallline/formulas/threefry.py and dropout.py: dropout bit for bit, normal numbers but for the
// rounding of their logarithm, root and turns. Source: Salmon et al. 2011, section 4.2, 20 rounds.

#pragma once

#include "math.hpp"

namespace FALLLINE_NS {

inline constexpr std::uint32_t input_noise_stream = 0xffffffff;

// Vectors of 32-bit words, one pair of neighbouring units a lane.
typedef std::uint32_t Words __attribute__((vector_size(FALLLINE_VECTOR_BYTES)));
inline constexpr int word_lanes = FALLLINE_VECTOR_BYTES / 4;

// Two words of random bits, in place of the counter, for a key. W is a word or a vector of them.
template <class W>
FALLLINE_INLINE void threefry(std::uint32_t k0, std::uint32_t k1, W& a, W& b) {
    const std::uint32_t keys[] = {k0, k1, k0 ^ k1 ^ 0x1bd11bdau};
    constexpr int turns[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
    a += keys[0];
    b += keys[1];
    for (int group = 1; group < 6; ++group) {
        for (int turn : turns[(group - 1) % 2]) {
            a += b;
            b = ((b << turn) | (b >> (32 - turn))) ^ a;
        }
        a += keys[group % 3];
        b += keys[(group + 1) % 3] + static_cast<std::uint32_t>(group);
    }
}

// The key of one use of noise in one step; the stream of a layer's dropout is the layer's number.
struct NoiseKey {
    std::uint32_t first, second;

    NoiseKey(std::uint64_t seed, std::uint64_t step, std::uint32_t stream)
        : first(static_cast<std::uint32_t>(step)), second(stream) {
        threefry(static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32), first,
                 second);
    }
};

// The words of units 2p and 2p + 1 of a row, for the pairs p from `pair` on.
FALLLINE_INLINE void pair_words(const NoiseKey& key, std::uint32_t row, std::uint32_t pair,
                                Words& even, Words& odd) {
    Words number;
    for (int i = 0; i < word_lanes; ++i) number[i] = static_cast<std::uint32_t>(i);
    odd = number + pair;
    even = Words{} + row;
    threefry(key.first, key.second, even, odd);
}

// --- dropout -----------------------------------------------------------------------------------

template <class T>
struct Dropout {
    NoiseKey key;
    std::uint32_t least;  // a unit is kept where its word is at least this
    T factor;             // what multiplies a unit that is kept

    // rate: the probability in [0, 1) that a unit is dropped.
    Dropout(double rate, std::uint64_t seed, std::uint64_t step, std::uint32_t layer)
        : key(seed, step, layer), least(static_cast<std::uint32_t>(rate * 4294967296.0)),
          factor(T(1) / static_cast<T>(1 - rate)) {}

    // factors[unit] = 0 or `factor` for a row by its position in the batch.
    void factors(std::uint32_t row, T* to, std::ptrdiff_t units) const {
        for (std::ptrdiff_t first = 0; first < units; first += 2 * word_lanes) {
            std::uint32_t words[2 * word_lanes];
            fill(row, first, words);
            const std::ptrdiff_t left = units - first;
            for (std::ptrdiff_t i = 0; i < left && i < 2 * word_lanes; ++i)
                to[first + i] = words[i] >= least ? factor : T(0);
        }
    }

    // Outputs after dropout, or the slope of the error in outputs before it: 0 also where a dropped
    // unit overflowed.
    void apply(std::uint32_t row, T* values, std::ptrdiff_t units) const {
        for (std::ptrdiff_t first = 0; first < units; first += 2 * word_lanes) {
            std::uint32_t words[2 * word_lanes];
            fill(row, first, words);
            const std::ptrdiff_t left = units - first;
            T* some = values + first;
            for (std::ptrdiff_t i = 0; i < left && i < 2 * word_lanes; ++i)
                some[i] = words[i] >= least ? some[i] * factor : T(0);
        }
    }

private:
    FALLLINE_INLINE void fill(std::uint32_t row, std::ptrdiff_t first, std::uint32_t* words) const {
        Words even, odd;
        pair_words(key, row, static_cast<std::uint32_t>(first / 2), even, odd);
        std::uint32_t a[word_lanes], b[word_lanes];
        std::memcpy(a, &even, sizeof a);
        std::memcpy(b, &odd, sizeof b);
        for (int i = 0; i < word_lanes; ++i) {
            words[2 * i] = a[i];
            words[2 * i + 1] = b[i];
        }
    }
};

// --- input noise -------------------------------------------------------------------------------

template <class T>
struct InputNoise {
    NoiseKey key;
    T deviation;

    InputNoise(double std, std::uint64_t seed, std::uint64_t step)
        : key(seed, step, input_noise_stream), deviation(static_cast<T>(std)) {}

    // values[unit] += a normal number, for a row by its position in the batch.
    void add(std::uint32_t row, T* values, std::ptrdiff_t units) const {
        constexpr int parts = word_lanes / lanes<T>;
        for (std::ptrdiff_t first = 0; first < units; first += 2 * word_lanes) {
            Words even, odd;
            pair_words(key, row, static_cast<std::uint32_t>(first / 2), even, odd);
            std::uint32_t words_a[word_lanes], words_b[word_lanes];
            std::memcpy(words_a, &even, sizeof words_a);
            std::memcpy(words_b, &odd, sizeof words_b);
            alignas(FALLLINE_VECTOR_BYTES) T a[word_lanes], b[word_lanes];
            for (int i = 0; i < word_lanes; ++i) {
                a[i] = static_cast<T>(words_a[i]);
                b[i] = static_cast<T>(words_b[i]);
            }
            for (int part = 0; part < parts; ++part) turn(a + part * lanes<T>, b + part * lanes<T>);
            T* some = values + first;
            const std::ptrdiff_t left = units - first;
            for (std::ptrdiff_t i = 0; i < word_lanes && 2 * i < left; ++i) {
                some[2 * i] += deviation * a[i];
                if (2 * i + 1 < left) some[2 * i + 1] += deviation * b[i];
            }
        }
    }

private:
    // From two words, as numbers, to two independent normal numbers (Box and Muller 1958).
    FALLLINE_INLINE static void turn(T* a, T* b) {
        const Vec<T> share = (load_aligned(a) + all<T>(0.5)) * all<T>(0x1p-32);
        const Vec<T> radius = sqrt(all<T>(-2) * log(share));
        const Vec<T> angle = load_aligned(b) * all<T>(0x1p-31 * 3.141592653589793);
        store_aligned(a, radius * cos(angle));
        store_aligned(b, radius * sin(angle));
    }
};

}  // namespace FALLLINE_NS
