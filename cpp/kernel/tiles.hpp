// Products of float matrices in the tiles of AMX, as precise as those of multiply-adds.
//
// A tile holds 16 rows of 32 numbers of bfloat16, whose products are summed in float. A float is the
// sum of three of these, exactly: x = h + m + l, with 8 of its 24 bits in each. Of the nine products
// of two such sums, six are taken; the other three are smaller than what a float rounds away.
//
// A chunk is 32 x 32 numbers in this form, [part][16-row half][row][16 words]. A word is the pair of
// numbers i and i + 16 along the sum: tiles ask for pairs, and no order of a sum is asked for.
//
// What numbers become chunks is in split.hpp, what is multiplied for a layer in tiled_layers.hpp. Where
// there are no tiles, product.hpp does the work.

#pragma once

#include "block.hpp"

namespace FALLLINE_NS {

constexpr int chunk_words = fallline::tile_numbers, part_words = 32 * 16, half_words = 16 * 16;
constexpr int slots = 12;  // between the products of a chunk, where other work can stand

#if defined(FALLLINE_TILES)
template <class T>
constexpr bool has_tiles = sizeof(T) == sizeof(float);
#else
template <class T>
constexpr bool has_tiles = false;
#endif

#if defined(FALLLINE_TILES)

// --- tiles -----------------------------------------------------------------------------------

// While it lives, this thread has eight tiles of 16 rows of 64 bytes.
class Tiles {
public:
    explicit Tiles(bool used) : used_(used) {
        if (!used) return;
        alignas(64) struct {
            std::uint8_t palette = 1, start = 0, reserved[14] = {};
            std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
            std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
        } sizes;
        asm volatile("ldtilecfg %0" ::"m"(sizes) : "memory");
    }
    ~Tiles() {
        if (used_) asm volatile("tilerelease" ::: "memory");
    }
    Tiles(const Tiles&) = delete;

private:
    const bool used_;
};

#define FALLLINE_TILE_GET(tile, from, stride)                   \
    asm volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), \
                 "r"(std::ptrdiff_t(stride) * 4) : "memory")
#define FALLLINE_TILE_PUT(tile, to, stride)                     \
    asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), \
                 "r"(std::ptrdiff_t(stride) * 4) : "memory")
#define FALLLINE_TILE_ZERO(tile) asm volatile("tilezero %%tmm" #tile ::)
#define FALLLINE_TILE_ADD(to, a, b) \
    asm volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #to ::)

// Where a product starts: from 0, from one row for all of its rows, or from the numbers there are.
struct Start {
    const float* from = nullptr;
    std::ptrdiff_t stride = 0;
};

struct NothingThere {
    template <int slot>
    FALLLINE_INLINE void operator()() const {}
};

// out = start + Σ a·b over chunks: 32 x 32 numbers, or 16 x 32 of one half of `a`.
// Calls between<slot>() for each slot of each chunk.
template <bool Whole, class Between = NothingThere>
FALLLINE_INLINE void tile_product(const float* a, const float* b, int chunks, Start start, float* out,
                                  std::ptrdiff_t stride, Between between = {}) {
    if (start.from) {
        const float* below = start.from + 16 * start.stride;
        FALLLINE_TILE_GET(0, start.from, start.stride);
        FALLLINE_TILE_GET(1, start.from + 16, start.stride);
        if constexpr (Whole) {
            FALLLINE_TILE_GET(2, below, start.stride);
            FALLLINE_TILE_GET(3, below + 16, start.stride);
        }
    } else {
        FALLLINE_TILE_ZERO(0);
        FALLLINE_TILE_ZERO(1);
        FALLLINE_TILE_ZERO(2);
        FALLLINE_TILE_ZERO(3);
    }
    // Each tile is loaded between two products that do not ask for it.
    const auto left = [&]<int slot>(int part) __attribute__((always_inline)) {
        between.template operator()<slot>();
        FALLLINE_TILE_GET(4, a + part * part_words, 16);
        FALLLINE_TILE_ADD(0, 4, 6);
        FALLLINE_TILE_ADD(1, 4, 7);
        between.template operator()<slot + 1>();
        if constexpr (Whole) {
            FALLLINE_TILE_GET(5, a + part * part_words + half_words, 16);
            FALLLINE_TILE_ADD(2, 5, 6);
            FALLLINE_TILE_ADD(3, 5, 7);
        }
    };
    const auto right = [&]<int slot>(int part) __attribute__((always_inline)) {
        between.template operator()<slot>();
        FALLLINE_TILE_GET(6, b + part * part_words, 16);
        FALLLINE_TILE_ADD(0, 4, 6);
        if constexpr (Whole) FALLLINE_TILE_ADD(2, 5, 6);
        between.template operator()<slot + 1>();
        FALLLINE_TILE_GET(7, b + part * part_words + half_words, 16);
        FALLLINE_TILE_ADD(1, 4, 7);
        if constexpr (Whole) FALLLINE_TILE_ADD(3, 5, 7);
    };
    for (int c = 0; c < chunks; ++c, a += chunk_words, b += chunk_words) {
        FALLLINE_TILE_GET(4, a + 2 * part_words, 16);
        if constexpr (Whole) FALLLINE_TILE_GET(5, a + 2 * part_words + half_words, 16);
        right.template operator()<0>(0);   // l·h
        left.template operator()<2>(1);    // m·h
        right.template operator()<4>(1);   // m·m
        left.template operator()<6>(0);    // h·m
        right.template operator()<8>(2);   // h·l
        right.template operator()<10>(0);  // h·h
    }
    FALLLINE_TILE_PUT(0, out, stride);
    FALLLINE_TILE_PUT(1, out + 16, stride);
    if constexpr (Whole) {
        FALLLINE_TILE_PUT(2, out + 16 * stride, stride);
        FALLLINE_TILE_PUT(3, out + 16 * stride + 16, stride);
    }
}

#undef FALLLINE_TILE_GET
#undef FALLLINE_TILE_PUT
#undef FALLLINE_TILE_ZERO
#undef FALLLINE_TILE_ADD

#else

struct Tiles {
    explicit Tiles(bool) {}
};

#endif

}  // namespace FALLLINE_NS
