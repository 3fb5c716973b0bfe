#include "small.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include "descent.hpp"

namespace fallline {

namespace {

// Above it the general way is as fast, and its memory lies better. In multiplications of a step
// forward; of one row at a time, whose products are no products of matrices, more are small.
constexpr double most_work = 1 << 16, most_work_of_one = 1 << 16;
constexpr std::int64_t most_rows = 256;
constexpr double most_work_of_evaluation = 1 << 12, most_work_of_all = 1 << 21;  // of a row, of all
constexpr std::int64_t most_at_once = 256;  // steps, 12 kB of what they tell
constexpr double work_between = 1e6;  // some hundred microseconds, on a slow machine some thousand

bool forced_generic() {
    const char* path = std::getenv("FALLLINE_PATH");
    return path && std::string_view(path) == "generic";
}

bool is_chain(const NetworkSpec& network) {
    if (network.inputs.size() != 1 || !network.masked.empty() || !network.trainable.empty())
        return false;
    int before = 0;
    for (const LayerSpec& layer : network.layers)
        if (layer.sources != std::vector<int>{before++}) return false;
    return true;
}

bool is_plain(const PlanSpec& plan) {
    const bool dropped =
        std::any_of(plan.dropout.begin(), plan.dropout.end(), [](double rate) { return rate > 0; });
    return !dropped && plan.input_noise == 0 && plan.clip_norm == 0 && plan.max_norm == 0;
}

}  // namespace

template <class T>
std::unique_ptr<const Small<T>> Small<T>::of(const Kernel<T>& kernel, const NetworkSpec& network,
                                             const Model& whole, const PlanSpec* plan) {
    if (forced_generic() || !is_chain(network) || (plan && !is_plain(*plan))) return nullptr;
    return std::unique_ptr<const Small>(new Small(kernel, network, whole));
}

template <class T>
Small<T>::Small(const Kernel<T>& kernel, const NetworkSpec& network, const Model& whole)
    : lanes_(kernel.lanes), inputs_(network.inputs[0]) {
    int fan_in = network.inputs[0];
    for (int number = whole.input_count; number < whole.node_count; ++number) {
        const Node& node = whole.nodes[number];
        const bool last = number == whole.node_count - 1;
        SmallLayer layer{};
        layer.fan_in = fan_in;
        layer.size = node.width;
        layer.narrow = last && 2 * node.width <= lanes_;
        layer.across = rounded(layer.narrow ? fan_in : node.width);
        layer.stride = layer.narrow ? node.width : layer.across;
        layer.biases = node.biases;
        layer.activation = node.activation;
        layer.joint = node.joint;
        layer.linear = network.layers[layers_.size()].activation.family == "identity";
        layer.in_place = layer.linear || node.h == node.o;
        layers_.push_back(layer);
        work_ += double(fan_in) * node.width;
        fan_in = node.width;
    }
    place_weights();
}

// All weights, then all biases; each canonical entry gets its place.
template <class T>
void Small<T>::place_weights() {
    for (SmallLayer& layer : layers_) {
        layer.weights = numbers_;
        numbers_ += layer.across * (layer.narrow ? layer.size : layer.fan_in);
    }
    weights_ = numbers_;
    for (SmallLayer& layer : layers_)
        if (layer.biases >= 0) layer.biases = std::exchange(numbers_, numbers_ + rounded(layer.size));
    for (const SmallLayer& layer : layers_) {
        for (int i = 0; i < layer.fan_in; ++i)
            for (int j = 0; j < layer.size; ++j)
                place_.push_back(layer.weights +
                                 (layer.narrow ? j * layer.across + i : i * layer.across + j));
        for (int j = 0; j < layer.size && layer.biases >= 0; ++j) place_.push_back(layer.biases + j);
    }
}

template <class T>
bool Small<T>::takes(std::int64_t batch_size) const {
    if (batch_size == 1) return work_ <= most_work_of_one;
    return batch_size <= most_rows && work_ * static_cast<double>(batch_size) <= most_work;
}

template <class T>
bool Small<T>::takes_all(std::int64_t rows) const {
    return work_ <= most_work_of_evaluation && work_ * double(rows) <= most_work_of_all;
}

template <class T>
std::int64_t Small<T>::steps_between(std::int64_t batch_size) const {
    const double work = 3 * work_ * static_cast<double>(batch_size) + double(numbers_) * 8 + 1000;
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(work_between / work));
}

template <class T>
std::vector<SmallLayer> Small<T>::layers(std::int64_t rows, SmallModel& model,
                                         std::int64_t& size) const {
    std::vector<SmallLayer> placed = layers_;
    size = 0;
    const auto take = [&](std::int64_t count) { return std::exchange(size, size + rounded(count)); };
    model.x_stride = rounded(inputs_);
    model.x = take(rows * model.x_stride);
    model.y = take(rows * model.whole->targets);
    model.e = take(rows);
    std::int64_t largest = 0;
    for (SmallLayer& layer : placed) {
        layer.h = take(rows * layer.stride);
        layer.o = layer.in_place ? layer.h : take(rows * layer.stride);
        layer.d = take(rows * layer.stride);
        if (!layer.narrow) largest = std::max(largest, layer.size * rounded(layer.fan_in));
    }
    model.transposed = take(largest);
    model.layers = placed.data();
    model.count = static_cast<int>(placed.size());
    model.numbers = numbers_;
    model.weights = weights_;
    return placed;
}

template <class T>
void Small<T>::take(const T* panels, const Layout& layout, T* to) const {
    for (std::size_t i = 0; i < place_.size(); ++i) to[place_[i]] = panels[layout.place[i]];
}

template <class T>
void Small<T>::give(const T* from, const Layout& layout, T* panels) const {
    for (std::size_t i = 0; i < place_.size(); ++i) panels[layout.place[i]] = from[place_[i]];
}

template class Small<float>;
template class Small<double>;

// --- steps -----------------------------------------------------------------------------------

namespace {

void check_order(const Order& order, std::int64_t count) {
    for (std::int64_t i = 0; i < order.length; ++i)
        if (order.rows[i] < 0 || order.rows[i] >= count)
            throw std::out_of_range("a position is not one of a row");
}

}  // namespace

template <class T>
void Worker<T>::advance_small(State<T>& state, const PlanSpec& plan, const Rows& rows,
                              const Order& order, Told& told) {
    using Clock = std::chrono::steady_clock;
    check_order(order, rows.count);
    const Small<T>& small = *machine_.small();
    const Layout& layout = machine_.layout();
    const std::int64_t most = std::min(order.batch_size, order.epoch);
    SmallModel model{};
    model.whole = &machine_.model();
    model.optimizer = machine_.optimizer();
    std::int64_t size = 0;
    const std::vector<SmallLayer> layers = small.layers(most, model, size);

    const auto parts = static_cast<std::int64_t>(state.arrays.size()) + 2;
    Numbers<T> memory(size + parts * small.numbers());
    Numbers<double> factors(most);
    SmallRun<T> run{};
    run.memory = memory.data();
    T* next = memory.data() + size;
    const auto part = [&] { return std::exchange(next, next + small.numbers()); };
    run.gradient = part();
    run.theta = part();
    small.take(state.theta.data(), layout, run.theta);
    for (std::size_t i = 0; i < state.arrays.size(); ++i) {
        run.arrays[i] = part();
        small.take(state.arrays[i].data(), layout, run.arrays[i]);
    }
    run.factors = factors.data();
    run.numbers = state.numbers;
    run.X = rows.X;
    run.Y = rows.Y;
    run.weights = rows.weights;
    run.weight_stride = rows.weight_stride;
    run.order = order.rows;
    run.length = order.length;
    run.epoch = order.epoch;
    run.batch_size = order.batch_size;
    run.rates = order.rates;
    run.sums = objective_->sums;
    run.l1 = objective_->l1;
    run.l2 = objective_->l2;
    run.alpha = objective_->alpha;
    run.clip_value = plan.clip_value;
    run.total_weight = order.total_weight;

    const std::int64_t count = order.steps();
    // Few at a time, told from the nearest cache: fresh memory for all would take longer than they.
    const std::int64_t between = small.steps_between(order.batch_size);
    std::vector<Step> some(std::min({count, between, most_at_once}));
    const auto interval =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(order.seconds));
    auto look = Clock::now() + interval;
    for (std::int64_t done = 0; done < count && told.finite;) {
        const std::int64_t last = std::min<std::int64_t>(count, done + std::ssize(some));
        const std::int64_t taken = machine_.kernel().small(model, run, done, last, some.data());
        for (std::int64_t i = 0; i < taken; ++i) told.add(some[i]);
        done += taken;
        if (done == count || !told.finite || Clock::now() < look) continue;
        if (order.stop()) break;
        look = Clock::now() + interval;
    }
    small.give(run.theta, layout, state.theta.data());
    for (std::size_t i = 0; i < state.arrays.size(); ++i)
        small.give(run.arrays[i], layout, state.arrays[i].data());
    state.numbers = run.numbers;
    state.step += run.taken;
}

template void Worker<float>::advance_small(State<float>&, const PlanSpec&, const Rows&,
                                           const Order&, Told&);
template void Worker<double>::advance_small(State<double>&, const PlanSpec&, const Rows&,
                                            const Order&, Told&);

}  // namespace fallline
