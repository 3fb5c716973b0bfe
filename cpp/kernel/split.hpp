// Floats split into bfloat16s, in pieces that can stand between products of tiles.
//
// Tiles and vectors are multiplied by different parts of a processor, which work at the same time where
// their instructions stand close together: what the next products ask for is split in between.

#pragma once

#include "tiles.hpp"
#include "transpose.hpp"

namespace FALLLINE_NS {

#if defined(FALLLINE_TILES)

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

// A chunk is split in quarters, so that other work can stand between them.
constexpr int quarters = 4;

// 32 rows with `columns` numbers to sum over: eight of the rows.
inline void split_along(const float* from, int columns, float* to, int quarter) {
    const Vec<float> zero = all<float>(0);
    from += quarter * 8 * 32;
    to += quarter * 8 * 16;
    for (int r = 0; r < 8; ++r, from += 32, to += 16) {
        if (columns == 32) split(load(from), load(from + 16), to);
        else if (columns > 16) split(load(from), load_part(from + 16, columns - 16), to);
        else split(columns == 16 ? load(from) : load_part(from, columns), zero, to);
    }
}

// 32 columns, the sum being over `rows` rows: four pairs of these.
inline void split_across(const float* from, int rows, float* to, int quarter) {
    const Vec<float> zero = all<float>(0);
    from += quarter * 4 * 32;
    to += quarter * 4 * 16;
    rows -= quarter * 4;
    for (int i = 0; i < 4; ++i, from += 32, to += 16)
        for (int half = 0; half < 2; ++half) {
            const Vec<float> low = i < rows ? load(from + 16 * half) : zero;
            const Vec<float> high = i + 16 < rows ? load(from + 16 * 32 + 16 * half) : zero;
            split(low, high, to + half * half_words);
        }
}

// So many pieces of work, numbered, to be done between products.
template <class Piece>
class Aside {
public:
    FALLLINE_INLINE Aside(int count, Piece piece) : piece_(piece), count_(count) {}
    FALLLINE_INLINE void some() {
        if (done_ < count_) piece_(done_++);
    }
    FALLLINE_INLINE void rest() {
        while (done_ < count_) piece_(done_++);
    }

private:
    const Piece piece_;
    int done_ = 0;
    const int count_;
};

// Splits a panel of a source, its units being the rows of the product and the sum over the pass's rows:
// piece by piece, quarters of a chunk and then its squares turned.
class Turned {
public:
    Turned() = default;
    Turned(const Pass<float>& pass, const Node& source, int panel, float* to)
        : from_(pass.memory + (source.s + std::int64_t(panel) * panel_columns<float>) * pass.capacity),
          to_(to), rows_(pass.count), left_((pass.count + 31) / 32 * pieces) {}

    FALLLINE_INLINE void some() {
        if (!left_) return;
        --left_;
        if (piece_ < quarters) {
            split_across(from_, rows_, across_, piece_);
        } else {
            const int at = (piece_ - quarters) * half_words;
            transpose_square(across_ + at, 16, to_ + at, 16);
        }
        if (++piece_ < pieces) return;
        piece_ = 0;
        from_ += 32 * panel_columns<float>;
        to_ += chunk_words;
        rows_ -= 32;
    }
    FALLLINE_INLINE void rest() {
        while (left_) some();
    }

private:
    static constexpr int pieces = quarters + chunk_words / half_words;  // of a chunk

    const float* from_ = nullptr;
    float* to_ = nullptr;
    int rows_ = 0, left_ = 0, piece_ = 0;
    alignas(64) float across_[chunk_words];
};

#endif

}  // namespace FALLLINE_NS
