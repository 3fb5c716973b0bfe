// Pieces of a fused step in tiles: while products are under way, the piece before moves, and the next
// panel of the source is split.

#pragma once

#include "pieces.hpp"

namespace FALLLINE_NS {

#if defined(FALLLINE_TILES)

// A piece on its way, a few vectors at a time.
class Moving {
public:
    Moving(const Place<float>& place, const Stepping<float>& stepping)
        : place_(place), stepping_(stepping),
          finishing_(place.finish, place.range, true, place.update.gradient) {}

    FALLLINE_INLINE void some() {
        constexpr int vectors = 8;
        if (done_ < place_.range.end) move_to(done_ + vectors * lanes<float>);
    }
    bool rest(const Model& model, const Pass<float>& pass, int index) {
        if (done_ < place_.range.end) move_to(place_.range.end);
        finishing_.tell(index, place_.update.gradient, place_.range);
        place_.turn(model, pass);
        return sound_;
    }

private:
    void move_to(std::int64_t end) {
        if (end > place_.range.end) end = place_.range.end;
        sound_ &= update_finished(stepping_, place_.update, done_, end, finishing_);
        done_ = end;
    }

    const Place<float> place_;
    const Stepping<float>& stepping_;
    Finishing<float> finishing_;
    std::int64_t done_ = 0;
    bool sound_ = true;
};

class TiledMove {
public:
    TiledMove(const Model& model, const Pass<float>& pass, const fallline::MoveGroup& group,
              const fallline::Finish<float>& finish, const fallline::Update<float>& update,
              float* scratch)
        : model_(model), pass_(pass), group_(group), finish_(finish), update_(update),
          stepping_(update, true), node_(model.nodes[group.tasks[0].piece.node]),
          source_(model.nodes[node_.sources[group.tasks[0].piece.source]]),
          split_(scratch + model.tile_scratch), turned_(turned(0)) {}

    void run(float* gradient, std::uint8_t* sound) {
        const Tiles tiles(true);
        gradient_of(0, gradient, [] {});
        for (int i = 0; i < group_.count; ++i) {
            float* const own[] = {gradient, gradient + P * P};
            Moving moving(Place<float>(group_.tasks[i], finish_, update_, own[i & 1]), stepping_);
            if (i + 1 < group_.count) gradient_of(i + 1, own[~i & 1], [&] { moving.some(); });
            sound[i] = moving.rest(model_, pass_, group_.index + i);
        }
    }

private:
    static constexpr int P = panel_columns<float>;

    int panel_of(int i) const { return group_.tasks[i].piece.source_panel; }
    float* split_of(int i) const {
        return split_ + (panel_of(i) & 1) * ((pass_.count + 31) / 32 * std::int64_t(chunk_words));
    }
    Turned turned(int i) const { return {pass_, source_, panel_of(i), split_of(i)}; }

    // Has this piece's panel of the source split, and begins with the group's next one.
    void begin_panel(int i) {
        turned_.rest();
        const int panel = panel_of(i);
        while (i < group_.count && panel_of(i) == panel) ++i;
        if (i < group_.count) turned_ = turned(i);
    }
    template <class Meanwhile>
    void gradient_of(int i, float* own, Meanwhile&& meanwhile) {
        const fallline::MoveTask& task = group_.tasks[i];
        if (!i || panel_of(i) != panel_of(i - 1)) begin_panel(i);
        if (node_.panels[task.piece.panel].lanes < P)
            return piece_gradient(model_, pass_, task, update_, own);
        Fetch<float> fetch = fetch_of(task, update_);
        fetch.plan(task.length, 6 * ((pass_.count + 31) / 32));
        tiled_gradient(pass_, split_of(i), node_, task.piece.panel,
                       columns_in(source_.width, P, panel_of(i)), own, true,
                       [&]() __attribute__((always_inline)) {
                           fetch.some();
                           meanwhile();
                           turned_.some();
                       });
    }

    const Model& model_;
    const Pass<float>& pass_;
    const fallline::MoveGroup& group_;
    const fallline::Finish<float>& finish_;
    const fallline::Update<float>& update_;
    const Stepping<float> stepping_;
    const Node &node_, &source_;
    float* const split_;
    Turned turned_;
};

#endif

}  // namespace FALLLINE_NS
