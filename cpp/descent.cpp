#include "descent.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "fused.hpp"

namespace fallline {

namespace {

constexpr std::int64_t most_bytes = 32 << 20;  // of a pass
constexpr std::size_t most_near = 2 << 20;     // bytes: about what a core has for itself

using Clock = std::chrono::steady_clock;

template <class T>
double number_at(const char* at) {
    T number;
    std::memcpy(&number, at, sizeof number);
    return static_cast<double>(number);
}

double sum(const std::vector<double>& parts) {
    double total = 0;
    for (double part : parts) total += part;
    return total;
}

void add(Errors& to, const std::vector<Errors>& parts) {
    for (const Errors& part : parts) {
        to.error += part.error;
        to.reported += part.reported;
    }
}

}  // namespace

template <class T>
Worker<T>::Worker(const Machine<T>& machine, const ObjectiveSpec* objective, int threads)
    : machine_(machine), objective_(objective), pool_(threads),
      scratch_(machine.scratch() * pool_.threads()), transposed_(machine.transposed_size()),
      penalties_(2 * ranges()), squares_(ranges()), clipped_(ranges()), sound_(ranges()) {}

// Makes room for the notes of so many tasks.
template <class T>
void Worker<T>::note(std::size_t tasks) {
    penalties_.resize(2 * tasks);
    squares_.resize(tasks);
    clipped_.resize(tasks);
    scales_.resize(tasks);
    sound_.resize(tasks);
}

// --- rows ------------------------------------------------------------------------------------

// Notes the rows of a batch that have a weight, and what each counts in E; returns Σ s.
template <class T>
double Worker<T>::choose(const Rows& rows, const std::int64_t* order, std::int64_t length) {
    rows_.resize(length);
    positions_.resize(length);
    factors_.resize(length);
    std::int64_t count = 0;
    double total = 0;
    for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t row = order ? order[i] : i;
        if (row < 0 || row >= rows.count) throw std::out_of_range("a position is not one of a row");
        const double weight = number_at<T>(rows.weights + row * rows.weight_stride);
        if (weight == 0) continue;  // absent: what overflows there is not to be seen
        rows_[count] = row;
        positions_[count] = static_cast<std::int32_t>(i);
        factors_[count] = weight;
        total += weight;
        ++count;
    }
    rows_.resize(count);
    positions_.resize(count);
    factors_.resize(count);
    if (!objective_->sums)
        for (double& one : factors_) one /= total;
    return total;
}

template <class T>
Pass<T> Worker<T>::pass_of(const T* theta, const Rows& rows) {
    Pass<T> pass{};
    pass.theta = theta;
    pass.transposed = transposed_.data();
    pass.X = rows.X;
    pass.Y = rows.Y;
    return pass;
}

template <class T>
void Worker<T>::reserve(std::int64_t rows) {
    rows = std::int64_t(blocks_of(rows)) * block_rows;
    if (rows <= capacity_) return;
    capacity_ = rows;
    memory_ = Numbers<T>((capacity_ + apart) * machine_.per_row());
}

// --- passes ----------------------------------------------------------------------------------

template <class T>
void Worker<T>::transpose(const T* theta) {
    const auto& panels = machine_.transposing();
    pool_.run(static_cast<int>(panels.size()), [&](int, int i) {
        const auto [node, panel] = panels[i];
        machine_.kernel().transpose(machine_.model(), node, panel, theta, transposed_.data());
    });
}

// Rows that a pass has memory for.
template <class T>
std::int64_t Worker<T>::rows_at_once() const {
    const std::int64_t bytes = machine_.per_row() * static_cast<std::int64_t>(sizeof(T));
    return std::clamp<std::int64_t>(most_bytes / bytes, block_rows, rows_of_pass) / block_rows *
           block_rows;
}

// Forward and back over the chosen rows, so many at a time; returns E.
template <class T>
Errors Worker<T>::train(Pass<T> pass, T* gradient, std::int64_t at_once) {
    const Kernel<T>& kernel = machine_.kernel();
    const Model& model = machine_.model();
    const auto& tasks = machine_.gradient_tasks();
    const auto count = static_cast<std::int64_t>(rows_.size());
    reserve(std::min(count, at_once));
    transpose(pass.theta);
    turned_ = false;
    Errors error;
    for (std::int64_t first = 0; first < count; first += capacity_) {
        train_rows(pass, first, std::min(capacity_, count - first), error);
        pool_.run(static_cast<int>(tasks.size()), [&](int thread, int i) {
            kernel.gradient(model, pass, tasks[i], scratch_of(thread), gradient, first == 0);
        });
    }
    return error;
}

// E of the chosen rows, each block in its thread's own memory.
template <class T>
Errors Worker<T>::measure(const Pass<T>& pass) {
    const auto count = static_cast<std::int64_t>(rows_.size());
    reserve(std::int64_t(block_rows) * pool_.threads());
    block_errors_.resize(blocks_of(count));
    pool_.run(blocks_of(count), [&](int thread, int i) {
        Pass<T> own = pass;
        const std::int64_t first = std::int64_t(i) * block_rows;
        own.capacity = block_rows;
        own.memory = memory_.data() + thread * block_rows * machine_.per_row();
        own.count = static_cast<int>(std::min<std::int64_t>(block_rows, count - first));
        own.rows = rows_.data() + first;
        own.factors = factors_.data() + first;
        block_errors_[i] =
            machine_.kernel().measure(machine_.model(), own, 0, scratch_of(thread));
    });
    Errors error;
    add(error, block_errors_);
    return error;
}

template <class T>
void Worker<T>::predict(const T* theta, const Matrix& X, std::int64_t count, T* outputs) {
    reserve(std::int64_t(block_rows) * pool_.threads());
    pool_.run(blocks_of(count), [&](int thread, int i) {
        Pass<T> pass{};
        pass.theta = theta;
        pass.X = X;
        pass.capacity = block_rows;
        pass.memory = memory_.data() + thread * block_rows * machine_.per_row();
        pass.first_row = std::int64_t(i) * block_rows;
        pass.count = static_cast<int>(std::min<std::int64_t>(block_rows, count - pass.first_row));
        pass.outputs = outputs + pass.first_row * machine_.model().outputs;
        machine_.kernel().predict(machine_.model(), pass, 0, scratch_of(thread));
    });
}

// --- what is joined --------------------------------------------------------------------------

// The strengths of the penalties in a batch, and where their parts are noted.
template <class T>
Finish<T> Worker<T>::finishing(double weight, double total_weight, std::size_t tasks) {
    const double share = objective_->sums ? weight / total_weight : 1.0;
    note(tasks);
    Finish<T> job;
    job.l1 = objective_->l1 * share;
    job.l2 = objective_->l2 * share;
    if (objective_->alpha != 0) job.l2 += objective_->alpha / weight;
    job.masked = machine_.masked();
    job.penalties = penalties_.data();
    job.squares = squares_.data();
    job.clipped = clipped_.data();
    return job;
}

template <class T>
void Worker<T>::finish(const Finish<T>& job, const T* theta, T* gradient) {
    pool_.run(ranges(), [&](int, int i) {
        machine_.kernel().finish(job, machine_.layout().ranges[i], i, theta, gradient);
    });
}

// R; a penalty without strength counts nothing, not 0·∞.
template <class T>
double Worker<T>::penalty(const Finish<T>& job) const {
    double sizes = 0, halves = 0;
    for (std::size_t i = 0; i < squares_.size(); ++i) {
        sizes += penalties_[2 * i];
        halves += penalties_[2 * i + 1];
    }
    return (job.l1 != 0 ? job.l1 * sizes : 0) + (job.l2 != 0 ? job.l2 * halves : 0);
}

// ‖g‖ from the sums of squares by range; where these overflow or vanish, from the entries, held to
// `limit` if that is not 0.
template <class T>
Size Worker<T>::size(const std::vector<double>& squares, double limit) const {
    constexpr double least = 1e-280;
    const double whole = sum(squares);
    if (std::isfinite(whole) && whole > least) return {std::sqrt(whole), true};
    const auto entry = [&](std::size_t i) {
        const double size = std::abs(static_cast<double>(gradient_[i]));
        return limit > 0 ? std::min(size, limit) : size;  // NaN stays
    };
    double largest = 0, scaled = 0;
    for (std::size_t i = 0; i < gradient_.size(); ++i) {
        if (!std::isfinite(entry(i))) return {entry(i), false};
        largest = std::max(largest, entry(i));
    }
    if (largest == 0) return {0, true};
    for (std::size_t i = 0; i < gradient_.size(); ++i)
        scaled += (entry(i) / largest) * (entry(i) / largest);
    return {std::sqrt(scaled) * largest, true};
}

// --- whole computations ----------------------------------------------------------------------

template <class T>
void Worker<T>::advance(State<T>& state, const PlanSpec& plan, const Rows& rows,
                        const Order& order, Told& told) {
    if (machine_.small() && machine_.small()->takes(order.batch_size))
        return advance_small(state, plan, rows, order, told);
    const auto interval =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(order.seconds));
    auto next = Clock::now() + interval;
    fused_ = fused_tasks(machine_, plan);
    groups_ = grouped(machine_, fused_, pool_.threads());
    shares_ = groups_.empty() ? std::vector<int>{} : equal_shares(groups_, pool_.threads());
    tiles_ = machine_.tiles(order.batch_size);
    if (tiles_) scratch_ = Numbers<T>::unset(machine_.scratch(true) * pool_.threads());
    moved_ = Numbers<T>(pool_.threads() * piece());
    for (std::int64_t at = 0, length = 0; at < order.length && told.finite; at += length) {
        if (Clock::now() >= next) {
            if (order.stop()) break;
            next = Clock::now() + interval;
        }
        length = std::min(order.batch_size, order.epoch - at % order.epoch);
        const double weight = choose(rows, order.rows + at, length);
        const double rate = order.rates[told.count];
        const bool fused = !fused_.empty() && std::ssize(rows_) <= rows_at_once();
        const auto take = fused ? &Worker::fused_step : &Worker::step;
        told.add(weight == 0
                     ? Step{}
                     : (this->*take)(state, plan, rows, weight, order.total_weight, rate));
    }
}

template <class T>
Step Worker<T>::step(State<T>& state, const PlanSpec& plan, const Rows& rows, double weight,
                     double total_weight, double rate) {
    Pass<T> pass = pass_of(state.theta.data(), rows);
    pass.step = state.step;
    pass.tiles = tiles_;
    Step told;
    told.weight = weight;
    if (!gradient_.size()) gradient_ = Numbers<T>(machine_.layout().padded);
    const Errors error = train(pass, gradient_.data(), rows_at_once());
    told.error = error.error;
    told.reported = error.reported;
    Finish<T> job = finishing(weight, total_weight, ranges());
    job.moves = machine_.moves();
    job.clip_value = plan.clip_value;
    finish(job, state.theta.data(), gradient_.data());
    told.penalty = penalty(job);
    const Size found = size(squares_, 0);
    told.norm = found.norm;
    told.finite = found.finite && std::isfinite(told.error + told.penalty);
    if (!told.finite) return told;
    double shrink = 1;
    if (plan.clip_norm > 0) {
        const double norm = plan.clip_value > 0 ? size(clipped_, plan.clip_value).norm : found.norm;
        if (norm > plan.clip_norm) shrink = plan.clip_norm / norm;
    }
    told.finite = update(state, plan, rate, shrink);
    ++state.step;
    return told;
}

// The optimizer's next step, which its numbers then count.
template <class T>
Update<T> Worker<T>::updating(State<T>& state, const PlanSpec& plan, double rate, double shrink) {
    Update<T> job;
    job.optimizer = machine_.optimizer();
    job.clip_value = plan.clip_value;
    job.shrink = shrink;
    job.theta = state.theta.data();
    job.gradient = gradient_.data();
    for (std::size_t i = 0; i < state.arrays.size(); ++i) job.arrays[i] = state.arrays[i].data();
    job.moves = machine_.moves();
    job.far = (1 + state.arrays.size()) * state.theta.size() * sizeof(T) > most_near;
    state.numbers = machine_.kernel().prepare_step(job, state.numbers, rate);
    return job;
}

template <class T>
bool Worker<T>::update(State<T>& state, const PlanSpec& plan, double rate, double shrink) {
    const Kernel<T>& kernel = machine_.kernel();
    const Update<T> job = updating(state, plan, rate, shrink);
    pool_.run(ranges(),
              [&](int, int i) { sound_[i] = kernel.update(job, machine_.layout().ranges[i]); });
    if (plan.max_norm > 0) {
        const int layers = machine_.model().node_count - machine_.model().input_count;
        pool_.run(layers, [&](int, int i) {
            kernel.limit(machine_.model(), machine_.model().input_count + i, plan.max_norm,
                         job.moves, job.theta);
        });
    }
    return sound(state);
}

// Whether the tasks and the optimizer's numbers stayed finite.
template <class T>
bool Worker<T>::sound(const State<T>& state) const {
    const bool numbers = std::isfinite(state.numbers.t) && std::isfinite(state.numbers.product);
    return numbers && std::all_of(sound_.begin(), sound_.end(), [](auto one) { return one != 0; });
}

template class Worker<float>;
template class Worker<double>;

}  // namespace fallline
