// A piece of a fused step: its gradient, what finishes it, the optimizer, and the way back's copy.

#pragma once

#include <utility>

#include "finish.hpp"
#include "gradient.hpp"
#include "update.hpp"

namespace FALLLINE_NS {

// --- transposing -----------------------------------------------------------------------------

// One step of a transposition: halves of `Half` lanes change places between two vectors.
template <class T, int Half, int... i>
FALLLINE_INLINE void exchange(Floats<T>& a, Floats<T>& b, std::integer_sequence<int, i...>) {
    constexpr int L = lanes<T>;
    const Floats<T> low = __builtin_shufflevector(a, b, ((i & Half) ? L + i - Half : i)...);
    b = __builtin_shufflevector(a, b, ((i & Half) ? L + i : i + Half)...);
    a = low;
}

template <class T, int Half>
FALLLINE_INLINE void exchange_all(Floats<T>* v) {
    constexpr int L = lanes<T>;
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i)
        if (!(i & Half)) exchange<T, Half>(v[i], v[i + Half], std::make_integer_sequence<int, L>{});
    if constexpr (Half > 1) exchange_all<T, Half / 2>(v);
}

// to[j][i] = from[i][j] for a vector's number of rows and columns.
template <class T>
void transpose_square(const T* from, std::ptrdiff_t from_stride, T* to, std::ptrdiff_t to_stride) {
    constexpr int L = lanes<T>;
    Floats<T> v[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) v[i] = load(from + i * from_stride).v;
    exchange_all<T, L / 2>(v);
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) store(to + i * to_stride, Vec<T>(v[i]));
}

// to[j][i] = from[i][j] for i below `rows`, j below `columns`.
template <class T>
void transpose_piece(const T* from, std::ptrdiff_t from_stride, int rows, int columns, T* to,
                     std::ptrdiff_t to_stride) {
    constexpr int L = lanes<T>;
    int whole_rows = rows / L * L, whole_columns = columns / L * L;
    for (int i = 0; i < whole_rows; i += L)
        for (int j = 0; j < whole_columns; j += L)
            transpose_square(from + i * from_stride + j, from_stride, to + j * to_stride + i,
                             to_stride);
    for (int i = 0; i < rows; ++i)
        for (int j = i < whole_rows ? whole_columns : 0; j < columns; ++j)
            to[j * to_stride + i] = from[i * from_stride + j];
}

// --- the next batch --------------------------------------------------------------------------

// A task's share of the cache lines of the next batch's inputs, asked for a few at a time: many at
// once would keep the kernel waiting. Inlined, because GCC takes a function that only prefetches for
// one without effect and leaves out its calls.
class Fetch {
public:
    template <class T>
    Fetch(const fallline::Ahead& ahead, const fallline::Matrix& X, int inputs, int task, T)
        : ahead_(ahead), X_(X), lines_((std::int64_t(inputs) * sizeof(T) + 63) / 64 + 1) {
        if (X.sparse || X.column_stride != sizeof(T)) return;
        const std::int64_t all = ahead.count * lines_;
        at_ = all * task / ahead.tasks;
        left_ = all * (task + 1) / ahead.tasks - at_;
        if (!left_) return;
        row_ = at_ / lines_;
        line_ = at_ % lines_;
        start();
    }

    FALLLINE_INLINE std::int64_t left() const { return left_; }
    FALLLINE_INLINE void some(std::int64_t count) {
        for (count = count < left_ ? count : left_; count > 0; --count, --left_) {
            if (line_ == lines_) {
                line_ = 0;
                ++row_;
                start();
            }
            __builtin_prefetch(from_ + 64 * line_++, 0, 2);
        }
    }

private:
    FALLLINE_INLINE void start() {
        const std::int64_t row = ahead_.rows[row_];
        from_ = X_.data + (row >= 0 && row < ahead_.rows_of_X ? row * X_.row_stride : 0);
    }

    const fallline::Ahead& ahead_;
    const fallline::Matrix& X_;
    const char* from_ = nullptr;
    std::int64_t lines_, at_ = 0, left_ = 0, row_ = 0, line_ = 0;
};

// --- the step --------------------------------------------------------------------------------

// Moves the weights or biases of one task; returns whether all stayed finite. The gradient, of
// task.length numbers, is written to `gradient`. All else is told of the whole padded vector.
template <class T>
bool move(const Model& model, const Pass<T>& pass, const fallline::MoveTask& task, int index,
          fallline::Finish<T> finish, const fallline::Update<T>& update,
          const fallline::Ahead& ahead, T* gradient) {
    constexpr int P = panel_columns<T>;
    const Node& node = model.nodes[task.piece.node];
    const fallline::Panel& panel = node.panels[task.piece.panel];
    const bool weights = task.piece.source >= 0;
    const T* d = pass.memory + (node.d + std::int64_t(task.piece.panel) * P) * pass.capacity;
    for (int i = task.length > lanes<T> ? task.length - lanes<T> : 0; i < task.length; ++i)
        gradient[i] = 0;  // what lies behind the panel's numbers is padding
    int units = 1;
    if (weights) {
        const Node& source = model.nodes[node.sources[task.piece.source]];
        units = columns_in(source.width, P, task.piece.source_panel);
        const T* s =
            pass.memory + (source.s + std::int64_t(task.piece.source_panel) * P) * pass.capacity;
        Fetch fetch(ahead, pass.X, model.inputs, index, T{});
        constexpr int B = fallline::block_rows;
        const int blocks = (pass.count + B - 1) / B;
        const std::int64_t lines = fetch.left() * most_rows / (std::int64_t(units) * blocks) + 1;
        with_panel<T>(panel.lanes, [&]<int Bytes, int N>() {
            by_tiles(units, [&]<int R>(int first) {
                for (int b = 0; b < blocks; ++b) {
                    const int rows = pass.count - b * B < B ? pass.count - b * B : B;
                    fetch.some(lines);
                    outer<T, Bytes, N, R>(s + first + b * B * P, d + b * B * P, rows,
                                          gradient + std::ptrdiff_t(first) * panel.lanes, b == 0);
                }
            });
        });
    } else {
        bias_gradient(d, pass.count, panel, gradient, true);
    }
    const fallline::Range range{0, task.length, weights};
    if (finish.masked) finish.masked += task.begin;
    if (finish.moves) finish.moves += task.begin;
    T* theta = update.theta + task.begin;
    finish_range(finish, range, index, theta, gradient);
    fallline::Update<T> own = update;
    own.theta = theta;
    own.gradient = gradient;
    for (T*& array : own.arrays) array = array ? array + task.begin : nullptr;
    if (own.moves) own.moves += task.begin;
    const bool sound = update_range(own, range);
    if (task.turned_row >= 0) {
        const Node& source = model.nodes[node.sources[task.piece.source]];
        const fallline::Panel& turned = source.transposed[task.piece.source_panel];
        transpose_piece(theta, panel.lanes, units, panel.columns,
                        pass.transposed + turned.offset +
                            std::int64_t(task.turned_row) * turned.lanes,
                        turned.lanes);
    }
    return sound;
}

}  // namespace FALLLINE_NS
