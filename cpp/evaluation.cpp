// J of all rows, and its gradient: once, or many times of the same rows.

#include <algorithm>

#include "descent.hpp"

namespace fallline {

namespace {

constexpr std::int64_t few_bytes = 64 << 10;  // of a gradient that may be added to block by block
constexpr std::int64_t batch_rows = 32;  // of small work: their numbers stay in the nearest cache

}  // namespace

template <class T>
double Worker<T>::objective(const T* theta, const Rows& rows, T* gradient) {
    const double weight = choose_all(rows);
    if (gradient) return evaluate(theta, rows, weight, nullptr, gradient);
    const double error = measure(pass_of(theta, rows)).reported;
    return error + penalty_at(theta, weight);
}

template <class T>
double Worker<T>::evaluate(const T* theta, const Rows& rows, double weight, const T* moves,
                           T* gradient) {
    const Small<T>* small = machine_.small();
    const bool is_small = small && small->takes_all(rows.count);
    const Errors error = is_small ? train_small(theta, rows, weight, gradient)
                                  : train(pass_of(theta, rows), gradient, rows_of_evaluation());
    Finish<T> job = finishing(weight, weight, ranges());
    job.moves = moves;
    finish(job, theta, gradient);
    return error.reported + penalty(job);
}

template <class T>
double Worker<T>::penalty_at(const T* theta, double weight) {
    const Finish<T> job = finishing(weight, weight, ranges());
    Numbers<T> unused(machine_.layout().padded);
    finish(job, theta, unused.data());
    return penalty(job);
}

// Blocks of rows that stay in the nearest cache, where their sums do so too.
template <class T>
std::int64_t Worker<T>::rows_of_evaluation() const {
    const std::int64_t bytes = machine_.layout().padded * static_cast<std::int64_t>(sizeof(T));
    return pool_.threads() == 1 && bytes <= few_bytes ? block_rows : rows_at_once();
}

template <class T>
Errors Worker<T>::train_small(const T* theta, const Rows& rows, double weight, T* gradient) {
    const Small<T>& small = *machine_.small();
    const Layout& layout = machine_.layout();
    SmallModel model{};
    model.whole = &machine_.model();
    std::int64_t size = 0;
    const std::vector<SmallLayer> layers = small.layers(batch_rows, model, size);
    if (!small_.size()) small_ = Numbers<T>(size + 3 * small.numbers());
    double factors[batch_rows];
    SmallRun<T> run{};
    run.memory = small_.data();
    run.theta = run.memory + size;
    run.gradient = run.theta + small.numbers();
    T* total = run.gradient + small.numbers();
    small.take(theta, layout, run.theta);
    std::fill_n(total, small.numbers(), T(0));
    run.factors = factors;
    run.X = rows.X;
    run.Y = rows.Y;
    run.weights = rows.weights;
    run.weight_stride = rows.weight_stride;
    run.order = rows_.data();
    run.length = static_cast<std::int64_t>(rows_.size());
    run.batch_size = batch_rows;
    run.sums = true;  // the share of a row is told
    const double share = objective_->sums ? 1 : 1 / weight;
    const Errors error = machine_.kernel().small_evaluate(model, run, share, total);
    small.give(total, layout, gradient);
    return error;
}

#define FALLLINE_EVALUATION(T)                                                                    \
    template double Worker<T>::objective(const T*, const Rows&, T*);                               \
    template double Worker<T>::evaluate(const T*, const Rows&, double, const T*, T*);              \
    template double Worker<T>::penalty_at(const T*, double);
FALLLINE_EVALUATION(float)
FALLLINE_EVALUATION(double)

}  // namespace fallline
