// Pieces of a fused step in tiles: while products are under way, the piece before moves, and the next
// panel of the source is split.

#pragma once

#include "pieces.hpp"

namespace FALLLINE_NS {

#if defined(FALLLINE_TILES)

// A piece on its way, a few vectors at a time.
class Moving {
public:
    // `calls`: how often `some` will be called before `rest`.
    Moving(const Place<float>& place, const OptimizerSpec& spec, int calls)
        : place_(place), finishing_(place.finish, place.range, true, place.gradient),
          left_(static_cast<int>(place.range.end) / lanes<float>),
          some_((left_ + calls - 1) / calls) {
        with_method(spec, [this](auto method) { move_ = move<decltype(method)>; });
    }

    FALLLINE_INLINE void some() {
        if (left_ >= some_) move_(*this, some_);
    }
    bool rest(const Model& model, const Pass<float>& pass, int index) {
        move_(*this, left_);
        finishing_.tell(index, place_.gradient, place_.range);
        place_.turn(model, pass);
        return !any(is_nan(sound_[0] + sound_[1]));
    }

private:
    // Gradients that nothing changes: their squares are summed.
    struct Squares {
        Vec<float> sum;
        FALLLINE_INLINE Vec<float> operator()(std::ptrdiff_t, Vec<float> g, Vec<float>) {
            sum += g * g;
            return g;
        }
    };

    template <class Method>
    [[gnu::noinline]] static void move(Moving& my, int count) {
        if (!my.finishing_.quick()) return my.move_with<Method>(my.place_.moved, my.finishing_, count);
        Squares squares{my.finishing_.squares()};
        Moved<float> moved = my.place_.moved;
        moved.which = {};  // all entries: what is not changed has no flags
        my.move_with<Method>(moved, squares, count);
        my.finishing_.squares() = squares.sum;
    }
    template <class Method, class Finished>
    FALLLINE_INLINE void move_with(Moved<float> moved, Finished& finished, int count) {
        const StepScalars<float>& shared = *moved.shared;
        Vec<float> sound[] = {sound_[0], sound_[1]};
        std::int64_t at = place_.range.end - std::int64_t(left_) * lanes<float>;
        left_ -= count;
        for (; count > 0; --count, at += lanes<float>)
            move_vector<Method>(moved, shared, at, finished, sound);
        sound_[0] = sound[0];
        sound_[1] = sound[1];
    }

    const Place<float> place_;
    Finishing<float> finishing_;
    int left_;  // vectors
    const int some_;
    Vec<float> sound_[2] = {all<float>(0), all<float>(0)};
    void (*move_)(Moving&, int count);
};

class TiledMove {
public:
    TiledMove(const Model& model, const Pass<float>& pass, const fallline::MoveGroup& group,
              const fallline::Finish<float>& finish, const fallline::Update<float>& update,
              float* scratch)
        : model_(model), pass_(pass), group_(group), finish_(finish), update_(update),
          node_(model.nodes[group.tasks[0].piece.node]),
          source_(model.nodes[node_.sources[group.tasks[0].piece.source]]),
          split_(scratch + model.tile_scratch), chunks_((pass.count + 31) / 32),
          turned_(turned(0)) {}

    void run(float* gradient, std::uint8_t* sound) {
        const Tiles tiles(true);
        gradient_of(0, gradient, [] {});
        for (int i = 0; i < group_.count; ++i) {
            float* const own[] = {gradient, gradient + P * P};
            Moving moving(Place<float>(group_.tasks[i], finish_, update_, own[i & 1]),
                          stepping_of(update_).spec, moves * chunks_);
            if (i + 1 < group_.count) gradient_of(i + 1, own[~i & 1], [&] { moving.some(); });
            sound[i] = moving.rest(model_, pass_, group_.index + i);
        }
    }

private:
    static constexpr int P = panel_columns<float>, moves = slots / 3;  // of them, a chunk

    int panel_of(int i) const { return group_.tasks[i].piece.source_panel; }
    float* split_of(int i) const {
        return split_ + (panel_of(i) & 1) * ((pass_.count + 31) / 32 * std::int64_t(chunk_words));
    }
    Turned turned(int i) const { return {pass_, source_, panel_of(i), split_of(i)}; }

    // Has this piece's panel of the source split, and begins with the group's next one.
    void begin_panel(int first) {
        turned_.rest();
        int next = first;
        while (next < group_.count && panel_of(next) == panel_of(first)) ++next;
        if (next < group_.count) turned_ = turned(next);
    }
    template <class Meanwhile>
    void gradient_of(int i, float* own, Meanwhile&& meanwhile) {
        const fallline::MoveTask& task = group_.tasks[i];
        if (!i || panel_of(i) != panel_of(i - 1)) begin_panel(i);
        if (node_.panels[task.piece.panel].lanes < P)
            return piece_gradient(model_, pass_, task, update_, own);
        Fetch<float> fetch = fetch_of(task, update_);
        fetch.plan(task.length, moves * chunks_);
        tiled_gradient(pass_, split_of(i), node_, task.piece.panel,
                       columns_in(source_.width, P, panel_of(i)), own, true,
                       [&]<int slot>() __attribute__((always_inline)) {
                           if constexpr (slot % 3 == 0) meanwhile();
                           if constexpr (slot % 3 == 1) fetch.some();
                           if constexpr (slot % 6 == 2) turned_.some();
                       });
    }

    const Model& model_;
    const Pass<float>& pass_;
    const fallline::MoveGroup& group_;
    const fallline::Finish<float>& finish_;
    const fallline::Update<float>& update_;
    const Node &node_, &source_;
    float* const split_;
    const int chunks_;  // of a piece's sum
    Turned turned_;
};

#endif

}  // namespace FALLLINE_NS
