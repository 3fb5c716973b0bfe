// One block of rows: forward through the layers, and the way back.

#pragma once

#include "functions.hpp"
#include "noise.hpp"
#include "one_row.hpp"
#include "sparse.hpp"
#include "tiled_layers.hpp"

namespace FALLLINE_NS {

// --- forward ---------------------------------------------------------------------------------

// Copies the rows of an input into its panels `begin` to `end`.
template <class T>
void read_panels(const Block<T>& block, const Node& node, int begin, int end) {
    constexpr int P = Block<T>::P;
    if (!block.pass.X.sparse && block.pass.X.column_stride == sizeof(T))
        return read_rows(block, node, begin, end);
    for (int r = 0; r < block.count; ++r)
        for (int p = begin; p < end; ++p)
            read_row(block.pass.X, block.row(r), node.column + p * P,
                     columns_in(node.width, P, p), block.at(node.o, p) + std::ptrdiff_t(r) * P);
}

// Whether a layer's sum is one of two halves, which other tasks take before; see `sum_half`.
template <class T>
FALLLINE_INLINE bool is_cut(const Block<T>& block, const Node& node) {
    return has_tiles<T> && block.pass.tiles && node.cut;
}

template <class T>
void read_inputs(const Block<T>& block) {
    const Model& model = block.model;
    if (model.input_noise > 0) return read_noisy_inputs(block);
    const bool cut = model.cut >= 0 && is_cut(block, model.nodes[model.cut]);
    for (int i = 0; i < model.input_count; ++i) {
        const Node& node = model.nodes[i];
        if (node.o < 0) continue;  // its products are taken from the compressed rows
        if (cut && model.nodes[model.cut].sources[0] == i) continue;  // both halves have read theirs
        read_panels(block, node, 0, (node.width - 1) / Block<T>::P + 1);
    }
}

// out = biases + products of the block's rows with each panel from `begin` to `end`; calls then(p) while
// the panel lies in the nearest cache.
template <class T, class Then>
void times_panels(const Block<T>& block, const Stretch<T>* stretches, int count, bool tiled,
                  const fallline::Panel* panels, int begin, int end, const T* weights,
                  const T* biases, std::int64_t out, Then&& then) {
    constexpr int P = Block<T>::P;
    int p = begin;
    if constexpr (has_tiles<T>)
        if (tiled && block.pass.tiles)
            p = tiled_panels(block, stretches, count, panels, begin, end, weights, biases, out);
    for (int done = begin; done < p; ++done) then(done);
    for (; p < end; ++p) {
        times_panel(stretches, count, block.count, panels[p], weights,
                    biases ? biases + p * P : nullptr, block.at(out, p));
        then(p);
    }
}

// The products of the first or the second half of the sum that is cut in two, whose inputs it reads.
template <class T>
void sum_half(const Block<T>& block, int half) {
    constexpr int P = Block<T>::P;
    const Node &node = block.model.nodes[block.model.cut],
               &source = block.model.nodes[node.sources[0]];
    const int begin = half ? node.cut : 0, end = half ? (source.width - 1) / P + 1 : node.cut;
    read_panels(block, source, begin, end);
    auto* stretches = reinterpret_cast<Stretch<T>*>(block.scratch);
    for (int p = begin; p < end; ++p)
        stretches[p - begin] = {block.at(source.s, p), columns_in(source.width, P, p), p * P};
    const T* biases = half || node.biases < 0 ? nullptr : block.pass.theta + node.biases;
    times_panels(block, stretches, end - begin, true, node.panels, 0, node.panel_count,
                 block.pass.theta, biases, half ? node.rest : node.h, [](int) {});
}

// Adds the second half of a panel's sums to the first.
template <class T>
void join_halves(const Block<T>& block, const Node& node, int p) {
    T* h = block.at(node.h, p);
    const T* rest = block.at(node.rest, p);
    with_panel<T>(node.panels[p].lanes, [&]<int Bytes, int N>() {
        constexpr int L = Bytes / sizeof(T);
        for (int r = 0; r < block.count; ++r, h += Block<T>::P, rest += Block<T>::P)
#pragma GCC unroll 2
            for (int n = 0; n < N; ++n)
                put<T, Bytes>(h + n * L, get<T, Bytes>(h + n * L) + get<T, Bytes>(rest + n * L));
    });
}

template <class T, class Then>
void net_inputs(const Block<T>& block, const Node& node, int begin, int end, Then&& then) {
    constexpr int P = Block<T>::P;
    if (is_cut(block, node)) {
        for (int p = begin; p < end; ++p) {
            join_halves(block, node, p);
            then(p);
        }
        return;
    }
    auto* stretches = reinterpret_cast<Stretch<T>*>(block.scratch);
    int count = 0, first = 0;
    for (int e = 0; e < node.source_count; ++e) {
        const Node& source = block.model.nodes[node.sources[e]];
        for (int p = 0; p * P < source.width && source.s >= 0; ++p)
            stretches[count++] = {block.at(source.s, p), columns_in(source.width, P, p),
                                  first + p * P};
        first += source.width;
    }
    const bool tiled = has_tiles<T> && node.tiled && block.pass.tiles;
    if (block.count == 1 && !tiled && end - begin == node.panel_count) {
        times_layer(stretches, count, node, block.pass.theta, block.at(node.h, 0),
                    std::ptrdiff_t(block.pass.capacity) * P);
        for (int p = 0; p < node.panel_count; ++p) then(p);
        return;
    }
    const T* biases = node.biases < 0 ? nullptr : block.pass.theta + node.biases;
    times_panels(block, stretches, count, node.tiled, node.panels, begin, end, block.pass.theta,
                 biases, node.h, then);
}

template <class T>
void activate_jointly(const Block<T>& block, const Node& node) {
    const ActivationRow row(node.activation);
    if (node.panel_count == 1 && row.spec.kind == Activation::softmax) {  // it may write where it reads
        activate(row.spec, block.at(node.h, 0), block.at(node.o, 0), block.count, node.width, Block<T>::P);
        return clear_padding(block, node, node.o);
    }
    T* h = block.scratch;
    T* o = h + std::ptrdiff_t(block.count) * node.width;
    unpack(block, node, node.h, h);
    activate(row.spec, h, o, block.count, node.width, node.width);
    pack(block, node, o, node.o);
}

template <class T>
void activate_panel(const Block<T>& block, const Node& node, int p) {
    constexpr int P = Block<T>::P;
    const T* h = block.at(node.h, p);
    T* o = block.at(node.o, p);
    const int columns = node.panels[p].columns;
    const bool usual = columns == P
                           ? activate_usual(node.activation, h, o, std::ptrdiff_t(block.count) * P)
                           : activate_part(node.activation, h, o, block.count, columns);
    if (!usual)
        activate(ActivationRow(node.activation).spec, h, o, block.count, columns, P);
}

// Panels `begin` to `end` of a layer; all of them where its units are computed together. Perhaps net inputs
// alone.
template <class T>
void forward_layer(const Block<T>& block, const Node& node, int begin, int end, bool activated) {
    const bool at_once = activated && !node.joint && !block.pass.X.sparse;
    net_inputs(block, node, begin, end, [&](int p) {
        if (at_once) activate_panel(block, node, p);
    });
    if (at_once) return;
    add_sparse(block, node);
    if (!activated) return;
    if (node.joint)
        return by_blocks(block, [&](const Block<T>& one) { activate_jointly(one, node); });
    for (int p = 0; p < node.panel_count; ++p) activate_panel(block, node, p);
}

template <class T>
void forward(const Block<T>& block, const fallline::Layers& layers) {
    if (layers.first == 0) read_inputs(block);
    for (int number = layers.first; number < layers.last; ++number) {
        const Node& node = block.model.nodes[number];
        const int end = layers.end < 0 ? node.panel_count : layers.end;
        const bool judged = layers.judged && number + 1 == block.model.node_count;
        if (!node.input)
            forward_layer(block, node, layers.begin, end,
                          !judged || !has_softmax_errors<T>(block.model));
        if (node.dropout > 0) {
            draw_dropout(block, number);
            drop(block, node, node.o, node.s);
        }
    }
}

// --- the way back ----------------------------------------------------------------------------

// Σ over all units that this layer feeds of their slope times the weight.
template <class T, class Then>
void fed_back(const Block<T>& block, const Node& node, int begin, int end, Then&& then) {
    constexpr int P = Block<T>::P;
    auto* stretches = reinterpret_cast<Stretch<T>*>(block.scratch);
    int count = 0, first = 0;
    for (int c = 0; c < node.consumer_count; ++c) {
        const Node& to = block.model.nodes[node.consumers[c].node];
        for (int p = 0; p * P < to.width; ++p)
            stretches[count++] = {block.at(to.d, p), columns_in(to.width, P, p), first + p * P};
        first += to.width;
    }
    times_panels(block, stretches, count, node.tiled_back, node.transposed, begin, end,
                 block.pass.transposed, static_cast<const T*>(nullptr), node.d, then);
}

template <class T>
void back_jointly(const Block<T>& block, const Node& node) {
    const std::ptrdiff_t size = std::ptrdiff_t(block.count) * node.width;
    T* h = block.scratch;
    unpack(block, node, node.h, h);
    unpack(block, node, node.o, h + size);
    unpack(block, node, node.d, h + 2 * size);
    activate_back(ActivationRow(node.activation).spec, h, h + size, h + 2 * size, block.count,
                  node.width, node.width);
    pack(block, node, h + 2 * size, node.d);
}

template <class T>
void back_through_panel(const Block<T>& block, const Node& node, int p) {
    constexpr int P = Block<T>::P;
    const T *h = block.at(node.h, p), *o = block.at(node.o, p);
    T* d = block.at(node.d, p);
    const int columns = node.panels[p].columns;
    const std::ptrdiff_t count = std::ptrdiff_t(block.count) * P;
    const bool usual = columns == P ? activate_usual_back(node.activation, h, o, d, count)
                                    : activate_part_back(node.activation, h, o, d, block.count, columns);
    if (!usual)
        activate_back(ActivationRow(node.activation).spec, h, o, d, block.count, columns, P);
}

// From a single unit, products and slopes at once; returns whether this was done.
template <class T>
bool back_from_one(const Block<T>& block, const Node& node, int begin, int end) {
    const fallline::Consumer& only = node.consumers[0];
    if (node.consumer_count != 1 || block.model.nodes[only.node].width != 1) return false;
    const T* delta = block.at(block.model.nodes[only.node].d, 0);
    bool usual = true;
    for (int p = begin; p < end && usual; ++p)
        usual = back_from_unit(node.activation, block.at(node.h, p), block.at(node.o, p), delta,
                               block.pass.transposed + node.transposed[p].offset, block.at(node.d, p),
                               block.count, node.panels[p].columns);
    return usual;
}

// Panels `begin` to `end` of a layer; all of them where its units are computed together.
template <class T>
void back_layer(const Block<T>& block, const Node& node, int begin, int end) {
    const bool at_once = !node.joint && node.dropout == 0;
    if (!at_once || !back_from_one(block, node, begin, end))
        fed_back(block, node, begin, end, [&](int p) {
            if (at_once) back_through_panel(block, node, p);
        });
    if (node.dropout > 0) drop(block, node, node.d, node.d);
    if (node.joint)
        return by_blocks(block, [&](const Block<T>& one) { back_jointly(one, node); });
    for (int p = 0; p < node.panel_count && !at_once; ++p) back_through_panel(block, node, p);
    if (end == node.panel_count) clear_padding(block, node, node.d);
}

// Splits what the gradient in tiles asks for of a layer's deltas.
template <class T>
void split_deltas(const Block<T>& block, const Node& node, int begin = 0, int end = -1) {
    if constexpr (has_tiles<T>)
        if (block.pass.tiles && node.split_d >= 0)
            split_panels(block, node, begin, end < 0 ? node.panel_count : end);
}

template <class T>
void backward(const Block<T>& block, const fallline::Layers& layers) {
    for (int number = layers.last - 1; number >= layers.first; --number) {
        const Node& node = block.model.nodes[number];
        back_layer(block, node, layers.begin, layers.end < 0 ? node.panel_count : layers.end);
        split_deltas(block, node, layers.begin, layers.end);
    }
}

}  // namespace FALLLINE_NS
