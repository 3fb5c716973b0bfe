// The error of a block of rows, and its slope by the net inputs of the output layer.

#pragma once

#include "finish.hpp"
#include "rows.hpp"

namespace FALLLINE_NS {

// --- squares ---------------------------------------------------------------------------------

// Whether an error is the squared one of linear outputs, as many as a vector holds: the commonest of all.
template <class T>
bool is_of_squares(const Model& model, const LossSpec& spec) {
    const Node& node = model.nodes[model.node_count - 1];
    const bool squares = spec.kind == Loss::squared_error || spec.kind == Loss::sse;
    return squares && !spec.output_weights && !(spec.clip > 0) && node.width <= lanes<T> &&
           model.targets == node.width &&
           static_cast<Activation>(node.activation.kind) == Activation::identity;
}

// The first `width` targets of a row, which a vector holds.
template <class T>
FALLLINE_INLINE Vec<T> targets_of(const fallline::Matrix& Y, std::int64_t row, int width) {
    if (has_masks && Y.column_stride == sizeof(T))
        return load_part(reinterpret_cast<const T*>(Y.data + row * Y.row_stride), width);
    alignas(FALLLINE_VECTOR_BYTES) T targets[lanes<T>] = {};
    read_row(Y, row, 0, width, targets);
    return load_aligned(targets);
}

// From panel to panel; a row's padding becomes 0.
template <class T>
fallline::Errors squares_of(const Block<T>& block, bool slope) {
    constexpr int P = Block<T>::P;
    const Node& node = block.model.nodes[block.model.node_count - 1];
    const fallline::Matrix Y = block.pass.Y;
    const double* factors = block.pass.factors + block.first;
    const int width = node.width, rows = block.count;
    const T* o = block.at(node.o, 0);
    T* d = slope ? block.at(node.d, 0) : nullptr;
    Wide<T> sums;
    for (int r = 0; r < rows; ++r) {
        const Vec<T> y = targets_of<T>(Y, block.row(r), width);
        const Vec<T> x = load_some(o + std::ptrdiff_t(r) * P, width);
        sums.add(Squares<T>{}.each(y, x), factors[r]);
        if (slope) store(d + std::ptrdiff_t(r) * P, Squares<T>{}.slope(y, x, x) * all<T>(factors[r]));
    }
    fallline::Errors found;
    found.error = found.reported = sums.total();
    return found;
}

// --- any error -------------------------------------------------------------------------------

// Σ of the rows' errors, each times what it counts.
template <class T>
double counted(const Block<T>& block, const T* errors) {
    double sum = 0;
    for (int r = 0; r < block.count; ++r)
        sum += block.pass.factors[block.first + r] * double(errors[r]);
    return sum;
}

// What an error is computed of: rows without gaps; or those of classes that one panel holds, where they
// lie, for these are so narrow that they are read by columns.
template <class T>
struct JudgedRows {
    Judged<T> at;
    T *d, *e, *reported;  // reported: of a softmax that the error takes itself, where outputs would stand
    bool in_place;

    JudgedRows(const Block<T>& block, const LossSpec& spec)
        : in_place(spec.kind == Loss::cross_entropy && block.model.outputs <= Block<T>::P) {
        const Model& model = block.model;
        const Node& node = model.nodes[model.node_count - 1];
        const int n = block.count, k = node.width, m = model.targets;
        T* y = block.scratch;
        e = y + std::ptrdiff_t(n) * m;
        reported = e + n;
        T *o = reported, *h = o + std::ptrdiff_t(n) * k;
        d = h + std::ptrdiff_t(n) * k;
        if (in_place) {
            h = block.at(node.h, 0);
            o = block.at(node.o, 0);
            d = block.at(node.d, 0);
        } else {
            unpack(block, node, node.h, h);
            if (!has_softmax_errors<T>(model)) unpack(block, node, node.o, o);
        }
        const fallline::Matrix Y = block.pass.Y;  // a copy: stores might change what is not one
        for (int r = 0; r < n; ++r) read_row(Y, block.row(r), 0, m, y + std::ptrdiff_t(r) * m);
        at = {y, h, o, n, k, m, m, in_place ? Block<T>::P : k};
    }

    void weigh(const double* counts) const {
        for (int r = 0; r < at.rows; ++r) {
            const T factor = T(counts[r]);
            for (int j = 0; j < at.k; ++j) d[r * at.stride + j] *= factor;
        }
    }
};

// Errors, and slopes times what each row counts, of a softmax that the error takes itself.
template <class T>
fallline::Errors softmax_errors_of(const Block<T>& block, const LossSpec& spec,
                                   const JudgedRows<T>& rows, bool slope) {
    softmax_errors(spec, rows.at, block.pass.factors + block.first, rows.e, rows.reported,
                   slope ? rows.d : nullptr);
    fallline::Errors found;
    found.error = counted(block, rows.e);
    found.reported = spec.clip > 0 ? counted(block, rows.reported) : found.error;
    return found;
}

// Any others'.
template <class T>
fallline::Errors errors_of(const Block<T>& block, LossSpec& spec, const JudgedRows<T>& rows,
                           bool slope) {
    const Model& model = block.model;
    const Judged<T>& at = rows.at;
    loss_rows(spec, at, rows.e);
    fallline::Errors found;
    found.error = found.reported = counted(block, rows.e);
    if (spec.clip > 0) {
        spec.clip = 0;
        loss_rows(spec, at, rows.e);
        found.error = counted(block, rows.e);
    }
    if (!slope) return found;
    loss_slope(spec, at, rows.d);
    if (!model.fused)
        activate_back(ActivationRow(model.nodes[model.node_count - 1].activation).spec, at.h, at.o,
                      rows.d, at.rows, at.k, at.stride);
    rows.weigh(block.pass.factors + block.first);
    return found;
}

// Returns the block's parts of E and leaves the slope by the output's net inputs in d, if asked.
template <class T>
fallline::Errors error_of(const Block<T>& block, bool slope) {
    const Model& model = block.model;
    const Node& node = model.nodes[model.node_count - 1];
    LossRow loss(model);
    if (is_of_squares<T>(model, loss.spec)) return squares_of(block, slope);
    const JudgedRows<T> rows(block, loss.spec);
    const fallline::Errors found = has_softmax_errors<T>(model)
                                       ? softmax_errors_of(block, loss.spec, rows, slope)
                                       : errors_of(block, loss.spec, rows, slope);
    if (slope && rows.in_place) clear_padding(block, node, node.d);
    else if (slope) pack(block, node, rows.d, node.d);
    return found;
}

}  // namespace FALLLINE_NS
