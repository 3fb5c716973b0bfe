// Products of layers in tiles: whole panels forward and back, and pieces of gradients.

#pragma once

#include "split.hpp"

namespace FALLLINE_NS {

#if defined(FALLLINE_TILES)

// out = start + products of a block's rows with full panels of weights. Some chunks of the sum at a
// time, panel by panel: meanwhile the next panel's are split, and a share of the rows' next chunks.
class TiledPanels {
public:
    TiledPanels(const Block<float>& block, const Stretch<float>* stretches, int count,
                const fallline::Panel* panels, int begin, int end, const float* weights,
                const float* biases, std::int64_t out)
        : block_(block), stretches_(stretches), count_(count), panels_(panels), begin_(begin),
          panel_count_(end - begin), weights_(weights), biases_(biases), out_(out),
          rows_((block.count + 31) / 32), at_once_(fallline::chunks_at_once(panel_count_)),
          b_(block.scratch + block.model.tile_scratch), a_(b_ + 2 * at_once_ * chunk_words) {}

    void run() {
        for (int i = 0; i < pieces * rows_ * chunks_from(0); ++i) split_rows(0, i);
        for (int i = 0; i < pieces * chunks_from(0); ++i) split_weights(0, 0, 0, i);
        for (int first = 0, step = 0; first < count_; first += at_once_)
            for (int p = 0; p < panel_count_; ++p, ++step) multiply(first, p, step);
    }

private:
    static constexpr int P = Block<float>::P;

    int chunks_from(int first) const {
        const int left = count_ - first;
        return left < at_once_ ? (left > 0 ? left : 0) : at_once_;
    }
    float* rows_at(int first) const {
        return a_ + (first / at_once_ & 1) * rows_ * at_once_ * chunk_words;
    }
    float* weights_at(int step) const { return b_ + (step & 1) * at_once_ * chunk_words; }

    // A piece of what rows, or a panel's weights, give for the chunks from `first` on.
    FALLLINE_INLINE void split_rows(int first, int piece) const {
        const int chunk = piece / pieces / rows_, r = piece / pieces % rows_;
        const Stretch<float>& from = stretches_[first + chunk];
        split_along(from.a + r * 32 * P, from.count,
                    rows_at(first) + (r * at_once_ + chunk) * chunk_words, piece % pieces);
    }
    FALLLINE_INLINE void split_weights(int first, int p, int step, int piece) const {
        const int chunk = piece / pieces;
        const Stretch<float>& from = stretches_[first + chunk];
        split_across(weights_ + panels_[begin_ + p].offset + std::int64_t(from.first) * P, from.count,
                     weights_at(step) + chunk * chunk_words, piece % pieces);
    }

    // The products of one panel with the chunks from `first` on.
    void multiply(int first, int p, int step) const {
        const int next = first + at_once_, coming = pieces * rows_ * chunks_from(next);
        const int begin = coming * p / panel_count_, end = coming * (p + 1) / panel_count_;
        const bool last = p + 1 == panel_count_;
        const int from = last ? next : first, panel = last ? 0 : p + 1;
        const int weights = pieces * chunks_from(from);
        const int calls = slots / 2 * rows_ * chunks_from(first);
        Aside aside(weights + end - begin, calls, [=, this](int i) __attribute__((always_inline)) {
            if (i < weights) split_weights(from, panel, step + 1, i);
            else split_rows(next, begin + i - weights);
        });
        for (int r = 0; r < rows_; ++r) {
            float* to = block_.at(out_, begin_ + p) + r * 32 * P;
            const float* biases = biases_ ? biases_ + (begin_ + p) * P : nullptr;
            const Start start = first ? Start{to, P} : Start{biases, 0};
            tile_product<true>(rows_at(first) + r * at_once_ * chunk_words, weights_at(step),
                               chunks_from(first), start, to, P,
                               [&]<int slot>() __attribute__((always_inline)) {
                                   if constexpr (slot % 2 == 0) aside.some();
                               });
        }
        aside.rest();
    }

    const Block<float>& block_;
    const Stretch<float>* const stretches_;
    const int count_;
    const fallline::Panel* const panels_;
    const int begin_, panel_count_;
    const float *const weights_, *const biases_;
    const std::int64_t out_;
    const int rows_;     // blocks of 32
    const int at_once_;  // chunks
    float *const b_, *const a_;
};

// The same for the full ones among panels `begin` to `end`. Returns where these end: they come first.
inline int tiled_panels(const Block<float>& block, const Stretch<float>* stretches, int count,
                        const fallline::Panel* panels, int begin, int end, const float* weights,
                        const float* biases, std::int64_t out) {
    while (end > begin && panels[end - 1].lanes < Block<float>::P) --end;
    if (end > begin)
        TiledPanels(block, stretches, count, panels, begin, end, weights, biases, out).run();
    return end;
}

// Splits a layer's deltas for the gradient, whose sums are over rows.
inline void split_panels(const Block<float>& block, const Node& node, int begin, int end) {
    constexpr int P = Block<float>::P;
    const std::int64_t all = block.pass.capacity / 32;
    for (int p = begin; p < end && node.panels[p].lanes == P; ++p) {
        float* to = block.pass.memory + node.split_d * block.pass.capacity +
                    (p * all + block.first / 32) * chunk_words;
        for (int r = 0; r < block.count; r += 32, to += chunk_words)
            for (int i = 0; i < pieces; ++i)
                split_across(block.at(node.d, p) + r * P, block.count - r, to, i);
    }
}

// The gradient of `units` rows of W in one full panel, from what `Turned` gave.
template <class Between = NothingThere>
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

#endif

}  // namespace FALLLINE_NS
