// Random networks, errors and plans for the test program.

#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "spec.hpp"

namespace fallline {

inline std::mt19937_64 random_bits;
inline int turn = 0;      // the round: rows of the tables take turns, so that few rounds meet all
inline std::string what;  // is being done, for the message of a failure

inline void check(bool holds, const char* message) {
    if (holds) return;
    std::fprintf(stderr, "FAILED: %s\n  in %s\n", message, what.c_str());
    std::abort();
}

inline int below(int n) { return static_cast<int>(random_bits() % static_cast<unsigned>(n)); }
inline double uniform() { return std::uniform_real_distribution<double>(-1, 1)(random_bits); }
inline bool chance(int in) { return below(in) == 0; }
template <class T>
const T& one_of(const std::vector<T>& choices) {
    return choices[below(static_cast<int>(choices.size()))];
}
template <class T>
const T& in_turn(const std::vector<T>& choices, int shift = 0) {
    return choices[(turn + shift) % choices.size()];
}

// --- what is computed ------------------------------------------------------------------------

inline const std::vector<std::string> smooth = {"identity", "logistic", "tanh",     "softplus", "gelu",
                                         "gelu_tanh", "silu",    "mish",     "sin",      "gaussian",
                                         "softmax",  "elu"};
inline const std::vector<std::string> all = {"square", "relu", "leaky_relu", "selu", "hard_sigmoid",
                                      "hard_tanh", "step", "exp"};

inline RowSpec activation(const std::string& name) {
    RowSpec row;
    row.family = name;
    row.joint = name == "softmax" || name == "ordered" || name == "mean_variance";
    const std::vector<std::string> from_output = {"identity", "logistic", "tanh", "softplus",
                                                  "relu",     "hard_tanh", "step", "exp",
                                                  "softmax",  "mean_variance"};
    for (const std::string& one : from_output) row.from_output |= one == name;
    row.settings = {name == "leaky_relu" ? 0.1 : 1.0};
    return row;
}

// z tanh(z) and its slope, as a formula of the user
inline RowSpec formula() {
    RowSpec row;
    row.family = "expression";
    row.value = {{"input", 0, {0}}, {"tanh", 0, {0}}, {"mul", 0, {0, 1}}};
    row.slope = {{"input", 0, {0}}, {"tanh", 0, {0}}, {"mul", 0, {1, 1}}, {"neg", 0, {2}},
                 {"constant", 1, {}}, {"add", 0, {4, 3}}, {"mul", 0, {0, 5}}, {"add", 0, {1, 6}}};
    return row;
}

struct Case {
    std::shared_ptr<NetworkSpec> network;
    ObjectiveSpec objective;
    PlanSpec plan;
    bool differentiable = true;
    int outputs = 0, inputs = 0;
    std::int64_t size = 0;
};

inline RowSpec hidden_activation(Case& made, int layer) {
    if (chance(8)) return formula();
    if (chance(3)) {
        made.differentiable = false;
        return activation(in_turn(all, 3 * layer + turn / 2));
    }
    return activation(in_turn(smooth, 5 * layer));
}

inline void choose_loss(Case& made, LayerSpec& output) {
    struct Pair {
        const char *loss, *activation;
        bool fused;
        int each;
    };
    const std::vector<Pair> pairs = {
        {"sse", "tanh", false, 1},          {"squared_error", "identity", false, 1},
        {"log_cosh", "identity", false, 1}, {"binary_cross_entropy", "logistic", true, 1},
        {"cross_entropy", "softmax", true, 1}, {"poisson", "exp", true, 1},
        {"gamma", "exp", true, 1},          {"gaussian_likelihood", "mean_variance", true, 2},
        {"mae", "identity", false, 1},      {"huber", "identity", false, 1},
        {"hinge", "tanh", false, 1},        {"quantile", "ordered", false, 2},
    };
    const Pair pair = in_turn(pairs);
    const std::string name = pair.loss;
    made.differentiable &= name != "mae" && name != "hinge" && name != "quantile";
    output.activation = activation(pair.activation);
    if (output.size == 1 && (name == "cross_entropy")) output.size = 2;
    output.size = (output.size + pair.each - 1) / pair.each * pair.each;
    made.objective.loss.family = name;
    const bool classes = name == "cross_entropy" || name == "binary_cross_entropy";
    made.objective.loss.settings = {name == "huber" ? 0.5 : 0.0, 0.0};
    if (classes && chance(2)) made.objective.loss.settings = {chance(2) ? 0.1 : 0.0, 1e-10};
    made.objective.fused = pair.fused;
    made.objective.sums = name == "sse";
    made.objective.targets = output.size / pair.each;
    if (name == "quantile") {
        made.objective.loss.list = {0.2, 0.7};
        output.activation.settings = {double(made.objective.targets)};
    }
    if (chance(3))
        made.objective.loss.weights.assign(made.objective.targets, 0.75);
}

inline void choose_plan(Case& made) {
    const std::vector<std::string> names = {"sgd", "adagrad", "rmsprop", "adadelta", "adam",
                                            "adamw", "nadam", "lion", "rprop"};
    PlanSpec& plan = made.plan;
    plan.optimizer = in_turn(names);
    plan.dialect = "fallline";
    // rate, momentum, epsilon, start, decay, betas, weight decay, psi, Rprop's four, switches
    plan.settings = {0.01, chance(2) ? 0.9 : 0, 1e-8, 0, 0.9,  0.9, 0.99, 0.1, 0.004,
                     0.5,  1.2,                 1e-6, 50, 0, double(chance(2)), double(chance(2))};
    if (chance(3)) plan.clip_value = 0.5;
    if (chance(3)) plan.clip_norm = 0.5;
    if (chance(3)) plan.max_norm = 1;
    if (chance(3)) plan.input_noise = 0.1;
    plan.dropout.assign(made.network->nodes(), 0.0);
    if (chance(3))
        for (int i = 0; i + 1 < made.network->nodes(); ++i) plan.dropout[i] = chance(2) ? 0.3 : 0;
    plan.seed = random_bits();
}

enum class Extent { small, any, broad };

// Small: chains, without noise or limits of norms. Broad: layers that tiles multiply, where there are.
inline Case make_case(Extent extent) {
    const bool small = extent == Extent::small;
    Case made;
    auto network = std::make_shared<NetworkSpec>();
    const auto width = [&] {
        if (extent == Extent::broad && chance(2)) return 120 + below(120);
        return chance(3) ? 1 + below(70) : 1 + below(9);
    };
    const bool wide = extent == Extent::broad && chance(2);  // one sum is then cut in two
    for (int i = 0, count = small || wide ? 1 : 1 + below(2); i < count; ++i)
        network->inputs.push_back(wide ? 512 + below(150) : width());
    for (int i = 0, count = 1 + below(4); i < count; ++i) {
        LayerSpec layer;
        layer.size = width();
        layer.bias = !chance(4);
        const int before = network->nodes();
        for (int node = 0; node < before; ++node)
            if ((!small && chance(3)) || node == before - 1) layer.sources.push_back(node);
        if (chance(2)) std::swap(layer.sources.front(), layer.sources.back());
        if (i + 1 == count) choose_loss(made, layer);
        else layer.activation = hidden_activation(made, i);
        network->layers.push_back(layer);
    }
    made.network = network;
    for (int size : network->inputs) made.inputs += size;
    made.outputs = network->layers.back().size;
    for (const LayerSpec& layer : network->layers) {
        int fan_in = layer.bias;
        for (int source : layer.sources) fan_in += network->width(source);
        made.size += std::int64_t(fan_in) * layer.size;
    }
    if (!small && chance(3)) {
        network->masked.assign(made.size, 0);
        network->trainable.assign(made.size, 1);
        for (std::int64_t i = 0; i < made.size; ++i)
            if (chance(5)) network->trainable[i] = 0;
    }
    if (chance(2)) made.objective.l2 = 0.1;
    if (chance(3)) made.objective.l1 = 0.05;
    if (!made.objective.sums && chance(3)) made.objective.alpha = 0.1;
    choose_plan(made);
    if (small) {
        PlanSpec& plan = made.plan;
        plan.clip_norm = plan.max_norm = plan.input_noise = 0;
        plan.dropout.clear();
    }
    return made;
}

}  // namespace fallline
