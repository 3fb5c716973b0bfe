#include "order.hpp"

#include <array>
#include <bit>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace fallline {

namespace {

using Wide = unsigned __int128;

std::uint32_t folded(std::uint32_t value) { return value ^ (value >> 16); }

// One word into another, with a multiplier that moves on each time.
class Hash {
public:
    Hash(std::uint32_t start, std::uint32_t factor) : now_(start), factor_(factor) {}
    std::uint32_t operator()(std::uint32_t value) {
        value ^= now_;
        now_ *= factor_;
        return folded(value * now_);
    }

private:
    std::uint32_t now_, factor_;
};

// A seed of any length made into eight words, each of which depends on all of it.
std::array<std::uint32_t, 8> spread(const std::vector<std::uint32_t>& seed) {
    std::array<std::uint32_t, 4> pool{};
    Hash hash(0x43b0d7e5u, 0x931e8875u);
    const auto stir = [&](std::uint32_t& into, std::uint32_t word) {
        into = folded(0xca01f9ddu * into - 0x4973f715u * hash(word));
    };
    for (std::size_t i = 0; i < pool.size(); ++i) pool[i] = hash(i < seed.size() ? seed[i] : 0);
    for (std::size_t from = 0; from < pool.size(); ++from)
        for (std::size_t to = 0; to < pool.size(); ++to)
            if (from != to) stir(pool[to], pool[from]);
    for (std::size_t from = pool.size(); from < seed.size(); ++from)
        for (std::uint32_t& word : pool) stir(word, seed[from]);
    std::array<std::uint32_t, 8> words{};
    Hash last(0x8b51f9ddu, 0x58f38dedu);
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = last(pool[i % pool.size()]);
    return words;
}

// PCG64: a linear congruence of 128 bits, whose halves are joined and turned.
class Pcg64 {
public:
    explicit Pcg64(const std::vector<std::uint32_t>& seed) {
        const auto words = spread(seed);
        const auto wide = [&](int i) {  // the high half first, but the low word of each half
            const auto half = [&](int k) { return words[k] | std::uint64_t{words[k + 1]} << 32; };
            return Wide{half(i)} << 64 | half(i + 2);
        };
        step_ = wide(4) << 1 | 1;
        state_ = step_ + wide(0);
        state_ = state_ * kFactor + step_;
    }
    // The next 64 bits, of which NumPy takes the low half first.
    std::uint64_t operator()() {
        state_ = state_ * kFactor + step_;
        const auto joined = static_cast<std::uint64_t>(state_ >> 64) ^
                            static_cast<std::uint64_t>(state_);
        return std::rotr(joined, static_cast<int>(state_ >> 122));
    }

private:
    static constexpr Wide kFactor = Wide{2549297995355413924u} << 64 | 4865540595714422341u;
    Wide state_ = 0, step_ = 0;
};

// The last place is swapped with one up to it, and so on with those before: one drawn below the next
// power of two, and drawn again where it is too far. Swapping a place with itself stands for that,
// as no branch knows which it will be.
template <class Draw>
void swap_places(std::int64_t* rows, std::int64_t count, Draw&& draw) {
    if (count > std::int64_t{1} << 32) throw std::invalid_argument("there are too many rows");
    for (std::int64_t last = count - 1; last > 0;) {
        const std::int64_t mask = static_cast<std::int64_t>(std::bit_ceil(
                                      static_cast<std::uint64_t>(last) + 1)) - 1;
        while (last > mask >> 1) {
            const std::int64_t drawn = static_cast<std::int64_t>(draw()) & mask;
            const bool near = drawn <= last;
            std::swap(rows[last], rows[near ? drawn : last]);
            last -= near;
        }
    }
}

}  // namespace

void permutation(const std::vector<std::uint32_t>& seed, std::int64_t* out, std::int64_t count) {
    Pcg64 wide(seed);
    std::iota(out, out + count, std::int64_t{0});
    std::uint64_t left = 0;
    bool half = false;
    swap_places(out, count, [&] {
        left = half ? left >> 32 : wide();
        half = !half;
        return static_cast<std::uint32_t>(left);
    });
}

void shuffle(const BitGenerator& bits, std::int64_t* rows, std::int64_t count) {
    swap_places(rows, count, [&] { return bits.next_uint32(bits.state); });
}

}  // namespace fallline
