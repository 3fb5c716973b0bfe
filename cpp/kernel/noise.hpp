// The noise of a step over a block of rows.

#pragma once

#include "../elements/noise.hpp"
#include "block.hpp"

namespace FALLLINE_NS {

// The factors of a layer's units, by the rows' positions in the batch.
template <class T>
void draw_dropout(const Block<T>& block, int number) {
    const Node& node = block.model.nodes[number];
    const Dropout<T> dropout(node.dropout, block.model.seed, block.pass.step, number);
    for (int r = 0; r < block.count; ++r) {
        dropout.factors(block.position(r), block.scratch, node.width);
        to_panels(block, node, block.scratch, r, node.f);
    }
}

// to <- 0 where the factor is 0, else times it: also where the unit overflowed.
template <class T>
void drop(const Block<T>& block, const Node& node, std::int64_t from, std::int64_t to) {
    constexpr int P = Block<T>::P;
    for (int p = 0; p * P < node.width; ++p) {
        const T* f = block.at(node.f, p);
        const T* x = block.at(from, p);
        T* out = block.at(to, p);
        for (int i = 0; i < block.count * P; i += lanes<T>) {
            const Vec<T> factor = load(f + i);
            store(out + i, select(factor == all<T>(0), all<T>(0), load(x + i) * factor));
        }
    }
}

// The inputs of the block with their noise; those in compressed rows are laid out for it.
template <class T>
void read_noisy_inputs(const Block<T>& block) {
    const Model& model = block.model;
    const InputNoise<T> noise(model.input_noise, model.seed, block.pass.step);
    T* row = block.scratch;
    for (int r = 0; r < block.count; ++r) {
        read_row(block.pass.X, block.row(r), 0, model.inputs, row);
        noise.add(block.position(r), row, model.inputs);
        for (int i = 0; i < model.input_count; ++i)
            to_panels(block, model.nodes[i], row + model.nodes[i].column, r, model.nodes[i].o);
    }
}

}  // namespace FALLLINE_NS
