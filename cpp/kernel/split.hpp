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

// A chunk is split in pieces, so that they can stand between products.
constexpr int pieces = 8;

// 32 rows with `columns` numbers to sum over: four of the rows.
inline void split_along(const float* from, int columns, float* to, int piece) {
    const Vec<float> zero = all<float>(0);
    from += piece * 4 * 32;
    to += piece * 4 * 16;
    for (int r = 0; r < 4; ++r, from += 32, to += 16) {
        if (columns == 32) split(load(from), load(from + 16), to);
        else if (columns > 16) split(load(from), load_part(from + 16, columns - 16), to);
        else split(columns == 16 ? load(from) : load_part(from, columns), zero, to);
    }
}

// 32 columns, the sum being over `rows` rows: two pairs of these.
inline void split_across(const float* from, int rows, float* to, int piece) {
    const Vec<float> zero = all<float>(0);
    from += piece * 2 * 32;
    to += piece * 2 * 16;
    rows -= piece * 2;
    for (int i = 0; i < 2; ++i, from += 32, to += 16)
        for (int half = 0; half < 2; ++half) {
            const Vec<float> low = i < rows ? load(from + 16 * half) : zero;
            const Vec<float> high = i + 16 < rows ? load(from + 16 * 32 + 16 * half) : zero;
            split(low, high, to + half * half_words);
        }
}

// How many of `count` pieces of work are due at each of so many calls, for all to be done at the end.
class Spread {
public:
    Spread() = default;
    Spread(int count, int calls) : count_(count), calls_(calls) {}
    FALLLINE_INLINE int due() {
        int some = 0;
        for (sum_ += count_; sum_ >= calls_; sum_ -= calls_) ++some;
        return some;
    }

private:
    int count_ = 0, calls_ = 1, sum_ = 0;
};

// Numbered pieces of work, to be done at so many calls between products.
template <class Piece>
class Aside {
public:
    FALLLINE_INLINE Aside(int count, int calls, Piece piece)
        : piece_(piece), count_(count), spread_(count, calls) {}
    FALLLINE_INLINE void some() {
        for (int left = spread_.due(); left > 0 && done_ < count_; --left) piece_(done_++);
    }
    FALLLINE_INLINE void rest() {
        while (done_ < count_) piece_(done_++);
    }

private:
    const Piece piece_;
    const int count_;
    int done_ = 0;
    Spread spread_;
};

// Four vectors of 16 rows' four numbers each, turned: to[u] are the rows' numbers of column u.
FALLLINE_INLINE void turn_four(const float* from, int rows, Vec<float>* to) {
    typedef float Four __attribute__((vector_size(16)));
    constexpr int P = panel_columns<float>;
    Floats<float> v[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
        Four four[4];
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k)
            four[k] = i + 4 * k < rows ? get<float, 16>(from + (i + 4 * k) * P) : Four{};
        const auto low = __builtin_shufflevector(four[0], four[1], 0, 1, 2, 3, 4, 5, 6, 7);
        const auto high = __builtin_shufflevector(four[2], four[3], 0, 1, 2, 3, 4, 5, 6, 7);
        v[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    }
    exchange_all<float, 2, 4>(v);
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) to[u] = v[u];
}

// Splits a panel of a source, its units being the rows of the product and the sum over the pass's rows:
// four units of a chunk at a time.
class Turned {
public:
    Turned() = default;
    Turned(const Pass<float>& pass, const Node& source, int panel, float* to)
        : from_(pass.memory + (source.s + std::int64_t(panel) * P) * pass.capacity), to_(to),
          rows_(pass.count), left_((pass.count + 31) / 32 * pieces) {}

    FALLLINE_INLINE void some() {
        if (left_) one();
    }
    FALLLINE_INLINE void rest() {
        while (left_) one();
    }

private:
    static constexpr int P = panel_columns<float>;

    FALLLINE_INLINE void one() {
        if (rows_ >= 32) four_units(16, 16);
        else four_units(rows_ < 16 ? rows_ : 16, rows_ - 16);
        from_ += 4;
        to_ += 4 * 16;
        if (--left_ % pieces) return;
        from_ += 31 * P;
        to_ += chunk_words - part_words;
        rows_ -= 32;
    }
    FALLLINE_INLINE void four_units(int first, int second) {
        Vec<float> low[4], high[4];
        turn_four(from_, first, low);
        turn_four(from_ + 16 * P, second, high);
#pragma GCC unroll 4
        for (int u = 0; u < 4; ++u) split(low[u], high[u], to_ + u * 16);
    }

    const float* from_ = nullptr;
    float* to_ = nullptr;
    int rows_ = 0, left_ = 0;
};

#endif

}  // namespace FALLLINE_NS
