// The order of the rows of an epoch, number for number as NumPy draws it.

#pragma once

#include <cstdint>
#include <vector>

namespace fallline {

// Write numpy.random.default_rng(seed).permutation(count) to `out`; the seed as words of 32 bits.
// Sources: O'Neill 2014, PCG (XSL-RR 128/64) and her seed_seq_fe; Durstenfeld 1964, the shuffle.
// Throws std::invalid_argument for more than 2³² rows.
void permutation(const std::vector<std::uint32_t>& seed, std::int64_t* out, std::int64_t count);

// What NumPy gives to those who draw from a generator of its own: bitgen_t of numpy/random/bitgen.h.
struct BitGenerator {
    void* state;
    std::uint64_t (*next_uint64)(void*);
    std::uint32_t (*next_uint32)(void*);
    double (*next_double)(void*);
    std::uint64_t (*next_raw)(void*);
};

// Shuffle rows as numpy.random.RandomState does, with the same draws; who calls holds the
// generator's lock. Throws std::invalid_argument for more than 2³² rows.
void shuffle(const BitGenerator& bits, std::int64_t* rows, std::int64_t count);

}  // namespace fallline
