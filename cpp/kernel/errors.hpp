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

// Returns the block's parts of E and leaves the slope by the output's net inputs in d, if asked.
template <class T>
fallline::Errors error_of(const Block<T>& block, bool slope) {
    const Model& model = block.model;
    const Node& node = model.nodes[model.node_count - 1];
    LossRow loss(model);
    if (is_of_squares<T>(model, loss.spec)) return squares_of(block, slope);
    const int n = block.count, k = node.width;
    T* h = block.scratch;
    T* o = h + std::ptrdiff_t(n) * k;
    T* d = o + std::ptrdiff_t(n) * k;
    T* y = d + std::ptrdiff_t(n) * k;
    T* e = y + std::ptrdiff_t(n) * model.targets;
    unpack(block, node, node.h, h);
    unpack(block, node, node.o, o);
    for (int r = 0; r < n; ++r)
        read_row(block.pass.Y, block.row(r), 0, model.targets, y + std::ptrdiff_t(r) * model.targets);
    const Judged<T> at = judged(model, y, h, o, n);
    loss_rows(loss.spec, at, e);
    fallline::Errors found;
    found.error = found.reported = counted(block, e);
    if (loss.spec.clip > 0) {
        loss.spec.clip = 0;
        loss_rows(loss.spec, at, e);
        found.error = counted(block, e);
    }
    if (!slope) return found;
    loss_slope(loss.spec, at, d);
    if (!model.fused) activate_back(ActivationRow(node.activation).spec, h, o, d, n, k, k);
    for (int r = 0; r < n; ++r) {
        const T factor = T(block.pass.factors[block.first + r]);
        for (int j = 0; j < k; ++j) d[std::ptrdiff_t(r) * k + j] *= factor;
    }
    pack(block, node, d, node.d);
    return found;
}

}  // namespace FALLLINE_NS
