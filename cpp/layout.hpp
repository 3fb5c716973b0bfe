// Where parameters and activations lie in the kernel's memory.
//
// Weights lie in column panels: of a layer's W (fan_in, size), panel p holds columns p·width to
// (p + 1)·width, row after row, so that a tile of the product reads memory from front to back. A
// full panel is two vectors wide; the last one is as narrow as its columns allow. Biases follow the
// panels. What is padding is 0 and stays 0.
//
//     θ      | W row by row  | b |                     the canonical vector, Python's
//     panels | p0: fan_in x 32 | p1: fan_in x 8 | b, 0 |   size 40, float, vectors of 16
//
// Activations of a block of rows lie likewise: panel after panel, rows within.

#pragma once

#include <cstdint>
#include <vector>

#include "spec.hpp"

namespace fallline {

struct Panel {
    std::int64_t offset;  // of its first entry
    int columns;          // in use
    int lanes;            // with padding: two vectors, one, a half or a quarter
};

struct LayerLayout {
    int fan_in = 0;
    std::vector<Panel> panels;
    std::int64_t weights = 0, biases = -1, end = 0;  // of the padded vector
    std::int64_t theta = 0;                          // of its W in the canonical vector
};

// A range of the padded vector that one task works on, all weights or all biases.
struct Range {
    std::int64_t begin, end;
    bool weights;
};

struct Layout {
    int panel = 0;  // columns of a full panel
    std::vector<LayerLayout> layers;
    std::int64_t size = 0;    // of the canonical vector
    std::int64_t padded = 0;  // of the padded one
    std::vector<std::int64_t> place;  // of each canonical entry in the padded vector
    std::vector<Range> ranges;

    // Calls call(from, to, count) for stretches that lie together in both vectors: from the
    // canonical one, to the padded one.
    template <class Call>
    void by_stretch(Call&& call) const {
        for (const LayerLayout& layer : layers) {
            std::int64_t from = layer.theta, size = 0;
            for (const Panel& panel : layer.panels) size += panel.columns;
            for (int i = 0; i < layer.fan_in; ++i)
                for (const Panel& panel : layer.panels) {
                    call(from, panel.offset + std::int64_t(i) * panel.lanes, panel.columns);
                    from += panel.columns;
                }
            if (layer.biases >= 0) call(from, layer.biases, size);
        }
    }
};

// The panels of `columns` columns and `depth` rows, from `offset` on.
std::vector<Panel> panels_of(int columns, int depth, int vector_lanes, int least_lanes,
                             std::int64_t offset);

Layout layout_of(const NetworkSpec& network, int vector_lanes, int least_lanes);

}  // namespace fallline
