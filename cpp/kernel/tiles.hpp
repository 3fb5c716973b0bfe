// Products of float matrices in the tiles of AMX, as precise as those of multiply-adds.
//
// A tile holds 16 rows of 32 numbers of bfloat16, whose products are summed in float. A float is the
// sum of three of these, exactly: x = h + m + l, with 8 of its 24 bits in each. Of the nine products
// of two such sums, six are taken; the other three are smaller than what a float rounds away.
//
// A chunk is 32 x 32 numbers in this form, [part][16-row half][row][16 words]. A word is the pair of
// numbers i and i + 16 along the sum: tiles ask for pairs, and no order of a sum is asked for.
//
// Elsewhere, `product.hpp` does the work.

#pragma once

#include "block.hpp"
#include "transpose.hpp"

namespace FALLLINE_NS {

constexpr int chunk_words = fallline::tile_numbers, part_words = 32 * 16, half_words = 16 * 16;

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

// out = start + Σ a·b over chunks: 32 x 32 numbers, or 16 x 32 of one half of `a`.
// Calls between() six times a chunk.
template <bool Whole, class Between = Nothing>
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
    const auto left = [&](int part) __attribute__((always_inline)) {
        between();
        FALLLINE_TILE_GET(4, a + part * part_words, 16);
        FALLLINE_TILE_ADD(0, 4, 6);
        FALLLINE_TILE_ADD(1, 4, 7);
        if constexpr (Whole) {
            FALLLINE_TILE_GET(5, a + part * part_words + half_words, 16);
            FALLLINE_TILE_ADD(2, 5, 6);
            FALLLINE_TILE_ADD(3, 5, 7);
        }
    };
    const auto right = [&](int part) __attribute__((always_inline)) {
        between();
        FALLLINE_TILE_GET(6, b + part * part_words, 16);
        FALLLINE_TILE_ADD(0, 4, 6);
        if constexpr (Whole) FALLLINE_TILE_ADD(2, 5, 6);
        FALLLINE_TILE_GET(7, b + part * part_words + half_words, 16);
        FALLLINE_TILE_ADD(1, 4, 7);
        if constexpr (Whole) FALLLINE_TILE_ADD(3, 5, 7);
    };
    for (int c = 0; c < chunks; ++c, a += chunk_words, b += chunk_words) {
        FALLLINE_TILE_GET(4, a + 2 * part_words, 16);
        if constexpr (Whole) FALLLINE_TILE_GET(5, a + 2 * part_words + half_words, 16);
        right(0);  // l·h
        left(1);   // m·h
        right(1);  // m·m
        left(0);   // h·m
        right(2);  // h·l
        right(0);  // h·h
    }
    FALLLINE_TILE_PUT(0, out, stride);
    FALLLINE_TILE_PUT(1, out + 16, stride);
    if constexpr (Whole) {
        FALLLINE_TILE_PUT(2, out + 16 * stride, stride);
        FALLLINE_TILE_PUT(3, out + 16 * stride + 16, stride);
    }
}

// --- splitting -------------------------------------------------------------------------------

// The three parts of 16 pairs of numbers. What is infinite becomes NaN.
FALLLINE_INLINE void split(Vec<float> low, Vec<float> high, float* to) {
    using Words = Native<float>::Unsigned;
    const Words top = Words{} + 0xffff0000u;
#pragma GCC unroll 3
    for (int part = 0; part < 3; ++part) {
        const Words a = reinterpret_cast<Words>(low.v), b = reinterpret_cast<Words>(high.v);
        const Words words = (a >> 16) | (b & top);
        store_aligned(to + part * part_words, Vec<float>(reinterpret_cast<Floats<float>>(words)));
        low = low - Vec<float>(reinterpret_cast<Floats<float>>(a & top));
        high = high - Vec<float>(reinterpret_cast<Floats<float>>(b & top));
    }
}

// 32 rows with `columns` numbers to sum over.
inline void split_along(const float* from, int columns, float* to) {
    const Vec<float> zero = all<float>(0);
    for (int r = 0; r < 32; ++r, from += 32, to += 16) {
        if (columns == 32) split(load(from), load(from + 16), to);
        else if (columns > 16) split(load(from), load_part(from + 16, columns - 16), to);
        else split(columns == 16 ? load(from) : load_part(from, columns), zero, to);
    }
}

// 32 columns, the sum being over `rows` rows.
inline void split_across(const float* from, int rows, float* to) {
    const Vec<float> zero = all<float>(0);
    for (int i = 0; i < 16; ++i, from += 32, to += 16)
        for (int half = 0; half < 2; ++half) {
            const Vec<float> low = i < rows ? load(from + 16 * half) : zero;
            const Vec<float> high = i + 16 < rows ? load(from + 16 * 32 + 16 * half) : zero;
            split(low, high, to + half * half_words);
        }
}

// --- layers ----------------------------------------------------------------------------------

// out = start + products of the block's rows with the full panels among `panels`.
// Returns how many these are: they come first.
inline int tiled_panels(const Block<float>& block, const Stretch<float>* stretches, int count,
                        const fallline::Panel* panels, int panel_count, const float* weights,
                        const float* biases, std::int64_t out) {
    constexpr int P = Block<float>::P;
    while (panel_count && panels[panel_count - 1].lanes < P) --panel_count;
    // Chunks split at a time: few where the results stay in the cache meanwhile.
    const int at_once = panel_count > 8 ? fallline::tile_chunks : fallline::tile_chunks / 4;
    float* b = block.scratch + block.model.tile_scratch;
    float* a = b + at_once * chunk_words;
    for (int first = 0; first < count; first += at_once) {
        const int chunks = count - first < at_once ? count - first : at_once;
        for (int r = 0; r < block.count; r += 32)
            for (int c = 0; c < chunks; ++c)
                split_along(stretches[first + c].a + r * P, stretches[first + c].count,
                            a + (r / 32 * at_once + c) * chunk_words);
        for (int p = 0; p < panel_count; ++p) {
            for (int c = 0; c < chunks; ++c)
                split_across(weights + panels[p].offset + std::int64_t(stretches[first + c].first) * P,
                             stretches[first + c].count, b + c * chunk_words);
            for (int r = 0; r < block.count; r += 32) {
                float* to = block.at(out, p) + r * P;
                const Start start = first ? Start{to, P} : Start{biases ? biases + p * P : nullptr, 0};
                tile_product<true>(a + r / 32 * at_once * chunk_words, b, chunks, start, to, P);
            }
        }
    }
    return panel_count;
}

// Splits the deltas of a block for the gradient, whose sums are over rows.
inline void split_deltas(const Block<float>& block) {
    constexpr int P = Block<float>::P;
    const std::int64_t all = block.pass.capacity / 32;
    for (int number = block.model.input_count; number < block.model.node_count; ++number) {
        const Node& node = block.model.nodes[number];
        for (int p = 0; node.split_d >= 0 && p < node.panel_count && node.panels[p].lanes == P; ++p) {
            float* to = block.pass.memory + node.split_d * block.pass.capacity +
                        (p * all + block.first / 32) * chunk_words;
            for (int r = 0; r < block.count; r += 32, to += chunk_words)
                split_across(block.at(node.d, p) + r * P, block.count - r, to);
        }
    }
}

// Splits a panel of a source, its units being the rows of the product and the sum over rows.
inline void split_turned(const Pass<float>& pass, const Node& source, int panel, float* to) {
    constexpr int P = panel_columns<float>;
    const float* from = pass.memory + (source.s + std::int64_t(panel) * P) * pass.capacity;
    alignas(64) float across[chunk_words];
    for (int r = 0; r < pass.count; r += 32, to += chunk_words) {
        split_across(from + r * P, pass.count - r, across);
        for (int i = 0; i < chunk_words; i += half_words)
            transpose_square(across + i, 16, to + i, 16);
    }
}

// The gradient of `units` rows of W in one full panel, from what `split_turned` gave.
template <class Between = Nothing>
void tiled_gradient(const Pass<float>& pass, const float* s, const Node& node, int panel, int units,
                    float* g, bool fresh, Between between = {}) {
    constexpr int P = panel_columns<float>;
    const float* d = pass.memory + node.split_d * pass.capacity +
                     panel * (pass.capacity / 32) * chunk_words;
    const int chunks = (pass.count + 31) / 32;
    const Start start{fresh ? nullptr : g, P};
    if (units == P) return tile_product<true>(s, d, chunks, start, g, P, between);
    if (units == P / 2) return tile_product<false>(s, d, chunks, start, g, P, between);
    alignas(64) float whole[P * P];
    if (!fresh) std::memcpy(whole, g, units * P * sizeof(float));
    tile_product<true>(s, d, chunks, Start{fresh ? nullptr : whole, P}, whole, P, between);
    std::memcpy(g, whole, units * P * sizeof(float));
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
