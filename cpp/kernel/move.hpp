// A piece of a fused step: its gradient, what finishes it, the optimizer, and the way back's copy.

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
    FALLLINE_INLINE void plan(std::int64_t numbers, std::int64_t calls) {
        left_ = count_ ? (numbers * std::int64_t(sizeof(T)) + 63) / 64 : 0;
        lines_ = left_ / calls + 1;
    }
    FALLLINE_INLINE void some() {
        const std::int64_t end = left_ > lines_ ? left_ - lines_ : 0;
        for (; left_ > end; --left_)
            for (int i = 0; i < count_; ++i) __builtin_prefetch(at_[i] + 64 * (left_ - 1), 1, 3);
    }

private:
    const char* at_[5] = {};
    int count_ = 0;
    std::int64_t left_ = 0, lines_ = 0;
};

// --- the step --------------------------------------------------------------------------------

// The gradient of the weights between a source's panel and a layer's, while memory is asked for.
template <class T>
void weight_gradient(const Pass<T>& pass, const Node& source, const Node& node,
                     const fallline::GradientTask& piece, int units, const T* split,
                     Fetch<T>& fetch, T* gradient) {
    constexpr int P = panel_columns<T>, B = fallline::block_rows;
    const fallline::Panel& panel = node.panels[piece.panel];
    const auto between = [&]() __attribute__((always_inline)) { fetch.some(); };
    if (in_tiles(pass, source, node, panel)) {
        fetch.plan(std::int64_t(units) * P, 6 * ((pass.count + 31) / 32));
        if constexpr (has_tiles<T>)
            tiled_gradient(pass, split, node, piece.panel, units, gradient, true, between);
        return;
    }
    const T* s = pass.memory + (source.s + std::int64_t(piece.source_panel) * P) * pass.capacity;
    const T* d = pass.memory + (node.d + std::int64_t(piece.panel) * P) * pass.capacity;
    if (panel.columns == 1)
        return outer_column(s, units, d, pass.count, panel.lanes, gradient, true);
    fetch.plan(std::int64_t(units) * panel.lanes, ((units - 1) / most_rows + 1) * (pass.count / 8 + 1));
    if (panel.lanes < lanes<T>)
        return outer_narrow(s, units, d, pass.count, panel, gradient, true, between);
    with_panel<T>(panel.lanes, [&]<int Bytes, int N>() {
        by_tiles(units, [&]<int R>(int first) {
            for (int b = 0; b < pass.count; b += B)
                outer<T, Bytes, N, R>(s + first + b * P, d + b * P,
                                      pass.count - b < B ? pass.count - b : B,
                                      gradient + std::ptrdiff_t(first) * panel.lanes, b == 0,
                                      between);
        });
    });
}

// Penalties, norm and the optimizer's step of a range in one go; returns whether all stayed finite.
template <class T>
bool finish_and_update(const fallline::Finish<T>& finish, const fallline::Update<T>& job,
                       const fallline::Range& range, int index) {
    Finishing<T> finishing(finish, range, true, job.gradient);
    const bool sound = update_finished(job, range, finishing);
    finishing.tell(index, job.gradient, range);
    return sound;
}

// Moves the weights or biases of one task; returns whether all stayed finite. The gradient, of
// task.length numbers, is left in `gradient`. All else is told of the whole padded vector; `split`
// is what the source's panel was split to, if it was.
template <class T>
bool move_one(const Model& model, const Pass<T>& pass, const fallline::MoveTask& task, int index,
              fallline::Finish<T> finish, const fallline::Update<T>& update,
              const T* split, T* gradient) {
    constexpr int P = panel_columns<T>;
    const Node& node = model.nodes[task.piece.node];
    const fallline::Panel& panel = node.panels[task.piece.panel];
    const bool weights = task.piece.source >= 0;
    fallline::Update<T> own = update;
    own.theta += task.begin;
    own.gradient = gradient;
    for (T*& array : own.arrays) array = array ? array + task.begin : nullptr;
    if (own.moves) own.moves += task.begin;
    if (finish.masked) finish.masked += task.begin;
    if (finish.moves) finish.moves += task.begin;
    for (int i = task.length > lanes<T> ? task.length - lanes<T> : 0; i < task.length; ++i)
        gradient[i] = 0;  // what lies behind the panel's numbers is padding
    int units = 1;
    if (weights) {
        const Node& source = model.nodes[node.sources[task.piece.source]];
        units = columns_in(source.width, P, task.piece.source_panel);
        Fetch<T> fetch;
        if (own.far) fetch.add(own.theta);
        for (const T* array : own.arrays)
            if (own.far && array) fetch.add(array);
        weight_gradient(pass, source, node, task.piece, units, split, fetch, gradient);
    } else {
        const T* d = pass.memory + (node.d + std::int64_t(task.piece.panel) * P) * pass.capacity;
        bias_gradient(d, pass.count, panel, gradient, true);
    }
    const bool sound = finish_and_update(finish, own, {0, task.length, weights}, index);
    if (task.turned_row >= 0) {
        const Node& source = model.nodes[node.sources[task.piece.source]];
        const fallline::Panel& turned = source.transposed[task.piece.source_panel];
        transpose_piece(own.theta, panel.lanes, units, panel.columns,
                        pass.transposed + turned.offset +
                            std::int64_t(task.turned_row) * turned.lanes,
                        turned.lanes);
    }
    return sound;
}

// Moves a group, and notes of each task whether all stayed finite.
template <class T>
void move(const Model& model, const Pass<T>& pass, const fallline::MoveGroup& group,
          const fallline::Finish<T>& finish, const fallline::Update<T>& update,
          T* scratch, T* gradient, std::uint8_t* sound) {
    const Tiles tiles(has_tiles<T> && pass.tiles);
    T* split = scratch + model.tile_scratch;
    const std::ptrdiff_t each = (pass.count + 31) / 32 * chunk_words;
    const fallline::GradientTask& first = group.tasks[0].piece;
    for (int i = 0; i < group.count; ++i) {
        const fallline::MoveTask& task = group.tasks[i];
        T* own = split + (task.piece.source_panel - first.source_panel) * each;
        if constexpr (has_tiles<T>)
            if (pass.tiles && model.nodes[first.node].split_d >= 0 && task.piece.source >= 0 &&
                task.piece.panel == first.panel)
                split_turned(pass, model.nodes[model.nodes[first.node].sources[first.source]],
                             task.piece.source_panel, own);
        sound[i] = move_one(model, pass, task, group.index + i, finish, update, own, gradient);
    }
}

}  // namespace FALLLINE_NS
