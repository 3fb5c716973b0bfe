// The order of the rows of an epoch, number for number as NumPy draws it.

#pragma once

#include <cstdint>
#include <vector>

namespace fallline {

// Write numpy.random.default_rng(seed).permutation(count) to `out`; the seed as words of 32 bits.
// Sources: O'Neill 2014, PCG (XSL-RR 128/64) and her seed_seq_fe; Durstenfeld 1964, the shuffle.
// Throws std::invalid_argument for more than 2³² rows.
void permutation(const std::vector<std::uint32_t>& seed, std::int64_t* out, std::int64_t count);

}  // namespace fallline
