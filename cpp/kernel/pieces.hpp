// Pieces of a fused step: their gradients, what finishes them, the optimizer, and the way back's copy.

#pragma once

#include "finish.hpp"
#include "gradient.hpp"
#include "update.hpp"

namespace FALLLINE_NS {

// --- memory ahead ----------------------------------------------------------------------------

// The cache lines that a task will need when its gradient is there, where they lie far away: asked
// for a few at a time, many at once would keep the kernel waiting. Inlined, because GCC takes a
// function that only prefetches for one without effect and leaves out its calls.
template <class T>
class Fetch {
public:
    FALLLINE_INLINE void add(const T* from) { at_[count_++] = reinterpret_cast<const char*>(from); }
    FALLLINE_INLINE void plan(int numbers, int calls) {
        left_ = count_ ? (numbers * int(sizeof(T)) + 63) / 64 : 0;
        lines_ = left_ / calls + 1;
    }
    FALLLINE_INLINE void some() {
        const int end = left_ > lines_ ? left_ - lines_ : 0;
        for (; left_ > end; --left_)
            for (int i = 0; i < count_; ++i) __builtin_prefetch(at_[i] + 64 * (left_ - 1), 1, 3);
    }

private:
    const char* at_[5] = {};
    int count_ = 0, left_ = 0, lines_ = 0;
};

// --- the step --------------------------------------------------------------------------------

// The gradient of the weights between a source's panel and a layer's, while memory is asked for.
template <class T>
void weight_gradient(const Pass<T>& pass, const Node& source, const Node& node,
                     const fallline::GradientTask& piece, int units, Fetch<T>& fetch, T* gradient) {
    constexpr int P = panel_columns<T>;
    const fallline::Panel& panel = node.panels[piece.panel];
    const auto between = [&]() __attribute__((always_inline)) { fetch.some(); };
    const T* s = pass.memory + (source.s + std::int64_t(piece.source_panel) * P) * pass.capacity;
    const T* d = pass.memory + (node.d + std::int64_t(piece.panel) * P) * pass.capacity;
    if (panel.columns == 1)
        return outer_column(s, units, d, pass.count, panel.lanes, gradient, true);
    const int tiles = is_turned<T>(panel) ? 1 : (units - 1) / most_rows + 1;
    fetch.plan(units * panel.lanes, tiles * (pass.count / 8 + 1));
    if (is_turned<T>(panel))
        return outer_turned(s, units, d, pass.count, panel, gradient, true, between);
    with_vectors<T>(panel.lanes, [&]<int N>() {
        by_tiles(units, [&]<int R>(int first) {
            outer<T, FALLLINE_VECTOR_BYTES, N, R>(s + first, d, pass.count,
                                                  gradient + std::ptrdiff_t(first) * panel.lanes, true,
                                                  between);
        });
    });
}

// Puts 0 in the last vector of n numbers: what lies behind a panel's numbers is padding.
template <class T>
void clear_last(T* numbers, int n) {
    for (int i = n > lanes<T> ? n - lanes<T> : 0; i < n; ++i) numbers[i] = 0;
}

// Where the weights or biases of a piece lie, and all else that their step reads.
template <class T>
struct Place {
    const fallline::MoveTask* task;
    T* gradient;
    Moved<T> moved;
    fallline::Finish<T> finish;
    fallline::Range range;

    // `own` is the piece's gradient, with room up to the next whole vector.
    FALLLINE_INLINE Place(const fallline::MoveTask& of, const fallline::Finish<T>& all_finish,
                          const fallline::Update<T>& all, T* own)
        : task(&of), gradient(own), moved(moved_by(all, of.piece.source >= 0, own, of.begin)),
          finish(all_finish), range{0, of.length, of.piece.source >= 0} {
        if (finish.masked) finish.masked += of.begin;
        if (finish.moves) finish.moves += of.begin;
    }
    // Copies the weights for the way back.
    void turn(const Model& model, const Pass<T>& pass) const {
        if (task->turned_row < 0) return;
        const fallline::GradientTask& piece = task->piece;
        const Node& node = model.nodes[piece.node];
        const Node& source = model.nodes[node.sources[piece.source]];
        const fallline::Panel &panel = node.panels[piece.panel],
                              &turned = source.transposed[piece.source_panel];
        transpose_piece(moved.theta, panel.lanes,
                        columns_in(source.width, panel_columns<T>, piece.source_panel), panel.columns,
                        pass.transposed + turned.offset +
                            std::int64_t(task->turned_row) * turned.lanes,
                        turned.lanes);
    }
};

// Penalties, norm, the optimizer's step and the way back's copy of a piece whose gradient is there;
// returns whether all stayed finite.
template <class T>
bool move_piece(const Model& model, const Pass<T>& pass, const fallline::MoveTask& task,
                const fallline::Finish<T>& finish, const fallline::Update<T>& update, T* gradient,
                int index) {
    const Place<T> place(task, finish, update, gradient);
    Finishing<T> finishing(place.finish, place.range, true, gradient);
    const bool sound = update_finished(stepping_of(update).spec, place.moved, place.range.begin,
                                       place.range.end, finishing);
    finishing.tell(index, gradient, place.range);
    place.turn(model, pass);
    return sound;
}

// What memory a piece of weights needs, where it lies far away.
template <class T>
Fetch<T> fetch_of(const fallline::MoveTask& task, const fallline::Update<T>& update) {
    Fetch<T> fetch;
    if (!update.far) return fetch;
    fetch.add(update.theta + task.begin);
    for (const T* array : update.arrays)
        if (array) fetch.add(array + task.begin);
    return fetch;
}

// The gradient of a piece by vectors.
template <class T>
void piece_gradient(const Model& model, const Pass<T>& pass, const fallline::MoveTask& task,
                    const fallline::Update<T>& update, T* gradient) {
    constexpr int P = panel_columns<T>;
    const fallline::GradientTask& piece = task.piece;
    const Node& node = model.nodes[piece.node];
    clear_last(gradient, task.length);
    if (piece.source < 0) {
        const T* d = pass.memory + (node.d + std::int64_t(piece.panel) * P) * pass.capacity;
        return bias_gradient(d, pass.count, node.panels[piece.panel], gradient, true);
    }
    const Node& source = model.nodes[node.sources[piece.source]];
    Fetch<T> fetch = fetch_of(task, update);
    weight_gradient(pass, source, node, piece, columns_in(source.width, P, piece.source_panel), fetch,
                    gradient);
}

}  // namespace FALLLINE_NS
