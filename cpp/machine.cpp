#include "machine.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace fallline {

namespace {

constexpr int least_bytes = 16;  // of the narrowest vector

int panels_in(int width, int panel) { return (width + panel - 1) / panel; }

template <class T>
int kind_of(const Kernel<T>& kernel, const char* table, const std::string& name) {
    const int kind = kernel.find(table, name.c_str());
    if (kind < 0)
        throw std::invalid_argument("the C++ core has no " + std::string(table) + " '" + name +
                                    "': install fallline again, so that both are of one version");
    return kind;
}

}  // namespace

template <class T>
Machine<T>::Machine(const Kernel<T>& kernel, std::shared_ptr<const NetworkSpec> network,
                    const ObjectiveSpec* objective, const PlanSpec* plan, bool sparse)
    : kernel_(kernel), network_(std::move(network)) {
    layout_ = layout_of(*network_, kernel.lanes, least_bytes / static_cast<int>(sizeof(T)));
    model_.panel = layout_.panel;
    model_.input_count = static_cast<int>(network_->inputs.size());
    model_.node_count = network_->nodes();
    model_.outputs = network_->width(model_.node_count - 1);
    if (objective) {
        model_.loss = row(objective->loss, kind_of(kernel, "loss", objective->loss.family));
        model_.fused = objective->fused;
        model_.targets = objective->targets;
    }
    if (plan) {
        model_.seed = plan->seed;
        model_.input_noise = plan->input_noise;
        set_optimizer(*plan);
    }
    link(plan, sparse);
    if (objective) link_back();
    if (objective && plan && kernel.tiles) {
        choose_tiles();
        choose_cut();
    }
    model_.nodes = nodes_.data();
    place(objective != nullptr);
    if (objective) list_tasks();
    masked_ = over_panels(network_->masked);
    moves_ = over_panels(network_->trainable);
    if (objective && !sparse) small_ = Small<T>::of(kernel, *network_, model_, plan);
}

template <class T>
void Machine<T>::link(const PlanSpec* plan, bool sparse) {
    nodes_.resize(model_.node_count);
    for (int number = 0, column = 0; number < model_.node_count; ++number) {
        Node& node = nodes_[number];
        node.width = network_->width(number);
        if (plan && !plan->dropout.empty()) node.dropout = plan->dropout[number];
        node.input = number < model_.input_count;
        if (node.input) {
            node.column = column;
            column += node.width;
            model_.inputs = column;
            continue;
        }
        const LayerSpec& spec = network_->layers[number - model_.input_count];
        const LayerLayout& layout = layout_.layers[number - model_.input_count];
        node.sources = spec.sources.data();
        node.source_count = static_cast<int>(spec.sources.size());
        node.fan_in = layout.fan_in;
        node.panels = layout.panels.data();
        node.panel_count = static_cast<int>(layout.panels.size());
        node.biases = layout.biases;
        node.joint = spec.activation.joint;
        const int kind = kind_of(kernel_, "activation", spec.activation.family);
        node.activation = row(spec.activation, kind);
        work_per_row_ += 3.0 * layout.fan_in * node.width;
    }
    const bool plain = sparse && !model_.input_noise;
    for (int number = 0; number < model_.input_count; ++number)
        if (plain && !nodes_[number].dropout) nodes_[number].s = -2;  // kept compressed
}

// Where deltas come from, and the panels of the weights that they come through.
template <class T>
void Machine<T>::link_back() {
    consumers_.resize(model_.node_count);
    transposed_.resize(model_.node_count);
    for (int number = model_.input_count; number < model_.node_count; ++number) {
        int first = 0;
        for (int e = 0; e < nodes_[number].source_count; ++e) {
            const int source = nodes_[number].sources[e];
            consumers_[source].push_back({number, first});
            first += nodes_[source].width;
        }
    }
    for (int number = model_.input_count; number < model_.node_count - 1; ++number) {
        Node& node = nodes_[number];
        node.consumers = consumers_[number].data();
        node.consumer_count = static_cast<int>(consumers_[number].size());
        for (const Consumer& consumer : consumers_[number]) node.depth += nodes_[consumer.node].width;
        transposed_[number] =
            panels_of(node.width, node.depth, kernel_.lanes,
                      least_bytes / static_cast<int>(sizeof(T)), transposed_size_);
        node.transposed = transposed_[number].data();
        const Panel& last = transposed_[number].back();
        const std::int64_t end = last.offset + std::int64_t(last.lanes) * node.depth;
        transposed_size_ = (end + model_.panel - 1) / model_.panel * model_.panel;
        for (int p = 0; p < node.panel_count; ++p) transposing_.push_back({number, p});
    }
}

// Says what is multiplied in tiles: products that are more work than splitting what they are of.
template <class T>
void Machine<T>::choose_tiles() {
    for (int number = model_.input_count; number < model_.node_count; ++number) {
        Node& node = nodes_[number];
        if (node.width < least_wide) continue;
        int dense = 0;  // terms of the sum, but for those of compressed rows
        for (int e = 0; e < node.source_count; ++e)
            if (nodes_[node.sources[e]].s != -2) dense += nodes_[node.sources[e]].width;
        node.tiled = dense >= least_deep;
        node.tiled_back = node.depth >= least_deep;
        if (node.tiled) node.split_d = 0;
        tiles_ |= node.tiled || node.tiled_back;
    }
}

// Cuts the sum of a layer in two that has many more inputs than units: its sums are then less to join
// than its weights, and the rows, are to hand from thread to thread.
template <class T>
void Machine<T>::choose_cut() {
    if (model_.input_noise > 0) return;
    for (int number = model_.input_count; number < model_.node_count && model_.cut < 0; ++number) {
        Node& node = nodes_[number];
        if (!node.tiled || node.source_count != 1) continue;
        const Node& source = nodes_[node.sources[0]];
        const int panels = panels_in(source.width, model_.panel);
        const bool plain = source.input && source.s != -2 && source.dropout == 0;
        if (!plain || panels < least_cut || source.width < 2 * node.width) continue;
        node.cut = cut_of(panels);
        model_.cut = number;
    }
}

// Gives each layer its memory in a pass, and a thread what it needs for the largest layer.
template <class T>
void Machine<T>::place(bool back) {
    const int P = model_.panel;
    int at_once = 0;
    std::int64_t stretches = 0, longest = model_.input_noise > 0 ? model_.inputs : 0, widest = model_.outputs;
    for (int number = 0; number < model_.node_count; ++number) {
        Node& node = nodes_[number];
        const std::int64_t size = std::int64_t(panels_in(node.width, P)) * P;
        const auto take = [&] { return std::exchange(per_row_, per_row_ + size); };
        const bool last = number == model_.node_count - 1, dropped = node.dropout > 0;
        if (node.input && node.s == -2) {
            node.s = node.o = -1;
            continue;
        }
        node.o = take();
        node.s = dropped ? take() : node.o;
        if (dropped) {
            node.f = take();
            longest = std::max<std::int64_t>(longest, node.width);
        }
        if (node.input) continue;
        const RowSpec& activation = network_->layers[number - model_.input_count].activation;
        const bool kept = back && (last || !activation.from_output);
        node.h = kept ? take() : node.o;
        if (back) node.d = take();
        if (node.cut) node.rest = take();
        if (node.tiled || node.tiled_back) at_once = std::max(at_once, chunks_at_once(node.panel_count));
        if (node.split_d == 0) node.split_d = std::exchange(per_row_, per_row_ + size / P * tile_numbers / P);
        if (node.joint) widest = std::max<std::int64_t>(widest, node.width);
        std::int64_t fed = panels_in(node.depth, P) + node.consumer_count, feeding = 0;
        for (int e = 0; e < node.source_count; ++e)
            feeding += panels_in(nodes_[node.sources[e]].width, P);
        stretches = std::max({stretches, fed, feeding});
    }
    const std::int64_t whole = block_rows * (3 * widest + model_.targets + 1) + 16;
    const std::int64_t plain = std::max<std::int64_t>(whole, longest + 64);  // one row of noise
    const std::int64_t pointers = stretches * 16 / static_cast<std::int64_t>(sizeof(T)) + 16;
    scratch_ = (std::max(plain, pointers) + 63) / 64 * 64;
    model_.tile_scratch = scratch_;
    constexpr int chunks = block_rows / 32;  // of the rows of a block
    const auto turned = std::int64_t(2) * rows_of_pass / 32;
    const auto split = std::int64_t(2 * chunks * tile_blocks + 2) * at_once;
    if (tiles_) scratch_ += std::max(turned, split) * tile_numbers;
}

// Pieces that share a few panels of a source follow each other: what they read stays in the cache.
// With tiles those of one panel do, which is split once for them, and then those of the next.
template <class T>
void Machine<T>::list_pieces(int number, int edge, int first, int begin, int end) {
    const Node& node = nodes_[number];
    const bool tiled = node.split_d >= 0;
    const auto list = [&](int p, int q) {
        tasks_.push_back({number, edge, p, first + q * model_.panel, q});
    };
    for (int some = 0; some < node.panel_count; some += group_panels) {
        const int last = std::min(some + group_panels, node.panel_count);
        if (tiled)
            for (int q = begin; q < end; ++q)
                for (int p = some; p < last; ++p) list(p, q);
        else
            for (int p = some; p < last; ++p)
                for (int q = begin; q < end; ++q) list(p, q);
    }
}

template <class T>
void Machine<T>::list_tasks() {
    const int P = model_.panel;
    for (int number = model_.input_count; number < model_.node_count; ++number) {
        const Node& node = nodes_[number];
        int first = 0;
        for (int e = 0; e < node.source_count; ++e) {
            const Node& source = nodes_[node.sources[e]];
            const int panels = source.s < 0 ? 1 : panels_in(source.width, P);
            const int together = node.split_d >= 0 ? panels : panels_together(panels);
            for (int some = 0; some < panels; some += together)
                list_pieces(number, e, first, some, std::min(some + together, panels));
            first += source.width;
        }
        for (int p = 0; p < node.panel_count && node.biases >= 0; ++p)
            tasks_.push_back({number, -1, p, 0, 0});
    }
}

template <class T>
Row Machine<T>::row(const RowSpec& spec, int kind) {
    Row row;
    row.kind = kind;
    std::copy_n(spec.settings.begin(), std::min<std::size_t>(spec.settings.size(), 8),
                row.settings);
    const auto keep = [&](const std::vector<double>& list, const double*& to, int& count) {
        lists_.push_back(list);
        to = lists_.back().empty() ? nullptr : lists_.back().data();
        count = static_cast<int>(list.size());
    };
    keep(spec.list, row.list, row.list_count);
    keep(spec.weights, row.weights, row.weight_count);
    row.value = program(spec.value, row.value_length, row.value_registers);
    row.slope = program(spec.slope, row.slope_length, row.slope_registers);
    return row;
}

template <class T>
const Instruction* Machine<T>::program(const ProgramSpec& spec, int& length, int& registers) {
    length = static_cast<int>(spec.size());
    if (!length) return nullptr;
    std::vector<Instruction> code;
    for (const ProgramStep& step : spec) {
        Instruction at{kind_of(kernel_, "operation", step.operation), 0, {}, step.number};
        std::copy_n(step.arguments.begin(), std::min<std::size_t>(step.arguments.size(), 4),
                    at.arguments);
        code.push_back(at);
    }
    std::vector<std::int32_t> room(3 * code.size());
    registers = kernel_.prepare(code.data(), length, room.data());
    programs_.push_back(std::move(code));
    return programs_.back().data();
}

template <class T>
void Machine<T>::set_optimizer(const PlanSpec& plan) {
    optimizer_.kind = kind_of(kernel_, "optimizer", plan.optimizer);
    optimizer_.dialect = kind_of(kernel_, "dialect", plan.dialect);
    std::copy_n(plan.settings.begin(), std::min<std::size_t>(plan.settings.size(), 16),
                optimizer_.settings);
    // An ε that T holds as 0 would make 0/0 of what is padding.
    double& epsilon = optimizer_.settings[2];
    if (epsilon > 0) epsilon = std::max<double>(epsilon, std::numeric_limits<T>::min());
}

template <class T>
Numbers<T> Machine<T>::over_panels(const std::vector<std::uint8_t>& flags) const {
    if (flags.empty()) return {};
    Numbers<T> found(layout_.padded);
    for (std::size_t i = 0; i < flags.size(); ++i) found[layout_.place[i]] = flags[i] ? T(1) : T(0);
    return found;
}

template <class T>
void Machine<T>::to_panels(const T* theta, T* panels) const {
    layout_.by_stretch([&](std::int64_t from, std::int64_t to, std::int64_t count) {
        std::copy_n(theta + from, count, panels + to);
    });
}

template <class T>
void Machine<T>::from_panels(const T* panels, T* theta) const {
    layout_.by_stretch([&](std::int64_t from, std::int64_t to, std::int64_t count) {
        std::copy_n(panels + to, count, theta + from);
    });
}

template class Machine<float>;
template class Machine<double>;

}  // namespace fallline
