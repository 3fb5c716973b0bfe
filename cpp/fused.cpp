#include "fused.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <tuple>

namespace fallline {

namespace {

// Where the weights between two layers lie for the way back: `row` of the source's transposed panels.
int turned_row(const std::vector<Node>& nodes, int source, int node) {
    int row = 0;
    for (int c = 0; c < nodes[source].consumer_count; ++c) {
        const int to = nodes[source].consumers[c].node;
        if (to == node) return row;
        row += nodes[to].width;
    }
    return -1;
}

bool fused_allowed() {
    const char* path = std::getenv("FALLLINE_PATH");
    return !path || std::strcmp(path, "generic") != 0;
}

// ‖g‖ from sums of squares of parts, each of numbers divided by its scale.
double joined_norm(const std::vector<double>& squares, const std::vector<double>& scales) {
    constexpr double least = 1e-280;
    const double whole = std::accumulate(squares.begin(), squares.end(), 0.0);
    const bool plain = std::all_of(scales.begin(), scales.end(), [](double one) { return one == 1; });
    if (plain && whole > least && std::isfinite(whole)) return std::sqrt(whole);
    double largest = 0, scaled = 0;
    const auto part = [&](std::size_t i) { return std::sqrt(squares[i]) * scales[i]; };
    for (std::size_t i = 0; i < squares.size(); ++i) {
        if (!std::isfinite(part(i))) return part(i);
        largest = std::max(largest, part(i));
    }
    if (largest == 0) return 0;
    for (std::size_t i = 0; i < squares.size(); ++i)
        scaled += (part(i) / largest) * (part(i) / largest);
    return std::sqrt(scaled) * largest;
}

}  // namespace

template <class T>
std::vector<MoveTask> fused_tasks(const Machine<T>& machine, const PlanSpec& plan) {
    const Model& model = machine.model();
    const bool limited = plan.clip_value > 0 || plan.clip_norm > 0 || plan.max_norm > 0;
    if (limited || !fused_allowed()) return {};
    const std::vector<Node> nodes(model.nodes, model.nodes + model.node_count);
    const int P = model.panel, L = P / 2;
    std::vector<MoveTask> tasks;
    for (const GradientTask& piece : machine.gradient_tasks()) {
        const Node& node = nodes[piece.node];
        const Panel& panel = node.panels[piece.panel];
        MoveTask task{piece, 0, 0, -1};
        if (piece.source < 0) {
            task.begin = node.biases + std::int64_t(piece.panel) * P;
            task.length = (panel.columns + L - 1) / L * L;
            tasks.push_back(task);
            continue;
        }
        const int source = node.sources[piece.source];
        if (nodes[source].s < 0) return {};
        const int left = nodes[source].width - piece.source_panel * P;
        const int units = left < P ? left : P;
        const bool last = piece.first + units == node.fan_in && piece.panel + 1 == node.panel_count;
        task.begin = panel.offset + std::int64_t(piece.first) * panel.lanes;
        task.length = units * panel.lanes;
        if (task.length % L && !last) return {};  // vectors of two tasks would overlap
        task.length = (task.length + L - 1) / L * L;  // up to the padding behind the panels
        if (!nodes[source].input)
            task.turned_row = turned_row(nodes, source, piece.node) + piece.panel * P;
        tasks.push_back(task);
    }
    return tasks;
}

template <class T>
std::vector<MoveGroup> grouped(const Machine<T>& machine, const std::vector<MoveTask>& tasks,
                               int threads) {
    const Model& model = machine.model();
    // As many for each half of a sum that is cut in two; two a thread, since one may be done before others.
    const int wished = threads > 1 ? 2 * threads : 1;
    const auto group_of = [&](const GradientTask& piece) {
        const Node& node = model.nodes[piece.node];
        const int panels = (model.nodes[node.sources[piece.source]].width - 1) / model.panel + 1;
        const int group = piece.source_panel * std::min(wished, panels) / panels;
        return std::tuple(piece.node, piece.source, group, piece.panel / group_panels);
    };
    const auto alone = [&](const GradientTask& piece) {
        return piece.source < 0 || model.nodes[piece.node].split_d < 0;
    };
    std::vector<MoveGroup> groups;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        const GradientTask& piece = tasks[i].piece;
        const bool goes_on = i && !alone(piece) && !alone(tasks[i - 1].piece) &&
                             group_of(piece) == group_of(tasks[i - 1].piece);
        if (goes_on) ++groups.back().count;
        else groups.push_back({&tasks[i], 1, static_cast<int>(i)});
    }
    return groups;
}

std::vector<int> equal_shares(const std::vector<MoveGroup>& groups, int threads) {
    const auto work = [](const MoveGroup& group) {
        return std::accumulate(group.tasks, group.tasks + group.count, std::int64_t(0),
                               [](auto sum, const MoveTask& task) { return sum + task.length; });
    };
    std::vector<std::int64_t> until;  // work of the groups up to and with each
    for (const MoveGroup& group : groups)
        until.push_back((until.empty() ? 0 : until.back()) + work(group));
    std::vector<int> ends;
    for (int i = 1; i <= threads; ++i) {
        // A group belongs to the stretch in which its middle lies.
        const std::int64_t end = until.back() * i / threads;
        int at = ends.empty() ? 0 : ends.back();
        while (at < std::ssize(groups) && until[at] - work(groups[at]) / 2 <= end) ++at;
        ends.push_back(at);
    }
    ends.back() = static_cast<int>(groups.size());
    return ends;
}

// A step in two phases: what `step` does with the gradient is done piece by piece, while each is
// computed. Its bits are those of `step`, but for the rounding of norms and penalties.
template <class T>
Step Worker<T>::fused_step(State<T>& state, const PlanSpec& plan, const Rows& rows, double weight,
                           double total_weight, double rate) {
    Pass<T> pass = pass_of(state.theta.data(), rows);
    pass.step = state.step;
    pass.tiles = tiles_;
    reserve(std::ssize(rows_));
    if (!turned_) transpose(pass.theta);
    turned_ = true;
    Errors error;
    train_rows(pass, 0, std::ssize(rows_), error);
    Step told;
    told.weight = weight;
    told.error = error.error;
    told.reported = error.reported;
    Finish<T> job = finishing(weight, total_weight, fused_.size());
    job.moves = machine_.moves();
    const Update<T> moves = updating(state, plan, rate, 1);
    job.scales = scales_.data();
    pool_.run(static_cast<int>(groups_.size()), [&](int thread, int i) {
        machine_.kernel().move(machine_.model(), pass, groups_[i], job, moves, scratch_of(thread),
                               moved_.data() + thread * piece(), &sound_[groups_[i].index]);
    }, shares_.data());
    told.penalty = penalty(job);
    told.norm = joined_norm(squares_, scales_);
    told.finite =
        std::isfinite(told.norm) && std::isfinite(told.error + told.penalty) && sound(state);
    ++state.step;
    return told;
}

template std::vector<MoveTask> fused_tasks(const Machine<float>&, const PlanSpec&);
template std::vector<MoveTask> fused_tasks(const Machine<double>&, const PlanSpec&);
template std::vector<MoveGroup> grouped(const Machine<float>&, const std::vector<MoveTask>&, int);
template std::vector<MoveGroup> grouped(const Machine<double>&, const std::vector<MoveTask>&, int);

template Step Worker<float>::fused_step(State<float>&, const PlanSpec&, const Rows&, double, double,
                                        double);
template Step Worker<double>::fused_step(State<double>&, const PlanSpec&, const Rows&, double,
                                         double, double);

}  // namespace fallline
