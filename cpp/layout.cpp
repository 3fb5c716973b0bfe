#include "layout.hpp"

#include <algorithm>

namespace fallline {

namespace {

constexpr std::int64_t range_length = 4096;

std::int64_t rounded(std::int64_t n, int unit) { return (n + unit - 1) / unit * unit; }

void add_ranges(Layout& layout, std::int64_t begin, std::int64_t end, bool weights) {
    for (; begin < end; begin += range_length)
        layout.ranges.push_back({begin, std::min(begin + range_length, end), weights});
}

void place_layer(Layout& layout, const LayerLayout& layer, int size) {
    for (int i = 0; i < layer.fan_in; ++i)
        for (int j = 0; j < size; ++j) {
            const Panel& panel = layer.panels[j / layout.panel];
            layout.place.push_back(panel.offset + std::int64_t(i) * panel.lanes + j % layout.panel);
        }
    if (layer.biases >= 0)
        for (int j = 0; j < size; ++j) layout.place.push_back(layer.biases + j);
}

}  // namespace

std::vector<Panel> panels_of(int columns, int depth, int vector_lanes, int least_lanes,
                             std::int64_t offset) {
    std::vector<Panel> panels;
    const int full = 2 * vector_lanes;
    for (int first = 0; first < columns; first += full) {
        const int used = std::min(full, columns - first);
        int lanes = full;
        while (lanes / 2 >= used && lanes / 2 >= least_lanes) lanes /= 2;
        panels.push_back({offset, used, lanes});
        offset += std::int64_t(lanes) * depth;
    }
    return panels;
}

Layout layout_of(const NetworkSpec& network, int vector_lanes, int least_lanes) {
    Layout layout;
    layout.panel = 2 * vector_lanes;
    for (const LayerSpec& spec : network.layers) {
        LayerLayout layer;
        for (int source : spec.sources) layer.fan_in += network.width(source);
        layer.theta = layout.size;
        layer.weights = layout.padded;
        layer.panels =
            panels_of(spec.size, layer.fan_in, vector_lanes, least_lanes, layer.weights);
        const Panel& last = layer.panels.back();
        std::int64_t end = last.offset + std::int64_t(last.lanes) * layer.fan_in;
        end = rounded(end, layout.panel);
        add_ranges(layout, layer.weights, end, true);
        if (spec.bias) {
            layer.biases = end;
            end = rounded(end + spec.size, layout.panel);
            add_ranges(layout, layer.biases, end, false);
        }
        layer.end = layout.padded = end;
        place_layer(layout, layer, spec.size);
        layout.size = static_cast<std::int64_t>(layout.place.size());
        layout.layers.push_back(layer);
    }
    return layout;
}

}  // namespace fallline
