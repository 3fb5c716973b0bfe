// What is to be computed, as plain data: a network, an objective and a plan.
//
// Python hands it over once, when a descent starts. Layers are counted inputs first, then in the
// order of their flow; names and other text stay in Python, except those of table rows.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace fallline {

// A step of a user's formula: an operation on the results of earlier steps, or on input `arguments`.
struct ProgramStep {
    std::string operation;
    double number = 0;  // a constant, or an exponent
    std::vector<int> arguments;
};
using ProgramSpec = std::vector<ProgramStep>;

// A row of a table: its family, its settings in the table's order, or the programs of a formula.
struct RowSpec {
    std::string family;
    std::vector<double> settings;
    std::vector<double> list;     // the setting that is a list: levels of quantiles
    std::vector<double> weights;  // output_weights of an error
    ProgramSpec value, slope;     // of a formula given by the user
    bool joint = false;           // of an activation: computed for whole layers
    bool from_output = false;     // of an activation: its slope needs the output only
};

struct LayerSpec {
    int size = 0;
    bool bias = true;
    std::vector<int> sources;
    RowSpec activation;
};

struct NetworkSpec {
    std::vector<int> inputs;  // sizes
    std::vector<LayerSpec> layers;
    std::vector<std::uint8_t> masked, trainable;  // over θ; empty: none, all

    int nodes() const { return static_cast<int>(inputs.size() + layers.size()); }
    int width(int node) const {
        const int d = static_cast<int>(inputs.size());
        return node < d ? inputs[node] : layers[node - d].size;
    }
};

struct ObjectiveSpec {
    RowSpec loss;
    bool fused = false;  // with the output's activation
    bool sums = false;   // over rows; else their weighted mean
    int targets = 0;     // columns of Y
    double l1 = 0, l2 = 0, alpha = 0;
};

struct PlanSpec {
    std::string optimizer, dialect;
    std::vector<double> settings;  // in the order of `optimizer_settings`
    double clip_value = 0, clip_norm = 0, max_norm = 0;  // 0: none
    std::vector<double> dropout;                         // of each layer, inputs among them
    double input_noise = 0;
    std::uint64_t seed = 0;
};

}  // namespace fallline
