// Steps of a descent, and single errors, gradients and predictions: which kernel runs when.
//
//     a step:   weights for the way back laid out       tasks: panels
//               forward, error, way back                tasks: blocks of 64 rows; or panels
//               gradients                               tasks: panels of source x layer
//               penalties, norms, the optimizer         tasks: ranges of the padded vector
//
// Tasks of one kind share nothing that they write, and what they leave is joined in their order: so
// the bits do not depend on how many threads take them.

#pragma once

#include <functional>

#include "machine.hpp"
#include "pool.hpp"
#include "small_work.hpp"

namespace fallline {

constexpr std::int64_t apart = 2;  // rows between panels, which else would share places in the cache

inline int blocks_of(std::int64_t rows) {
    return static_cast<int>((rows + block_rows - 1) / block_rows);
}

// Rows as they lie in the user's memory.
struct Rows {
    Matrix X, Y;
    const char* weights = nullptr;
    std::int64_t weight_stride = 0;
    std::int64_t count = 0;
};

// A descent between two steps.
template <class T>
struct State {
    Numbers<T> theta;                // in panels
    std::vector<Numbers<T>> arrays;  // the optimizer's, likewise, in the order of its names
    OptimizerNumbers numbers;
    std::int64_t step = 0;  // steps taken
};

// A Euclidean norm, and whether all entries are finite.
struct Size {
    double norm;
    bool finite;
};

// Which steps to take, and for how long: rows of one epoch after another, or of a part of one.
struct Order {
    const std::int64_t* rows;
    std::int64_t length, epoch, batch_size;  // no batch holds rows of two epochs
    const double* rates;
    double total_weight;  // of all training rows
    double seconds;       // between two looks
    const std::function<bool()>& stop;  // the look: whether to take no more steps

    std::int64_t steps() const {
        return epoch ? length / epoch * ((epoch + batch_size - 1) / batch_size) : 0;
    }
};

// What steps tell, a number each in every column.
struct Told {
    double *errors, *penalties, *weights, *norms, *reported;  // J, R, Σ s, ‖g‖, J as it is reported
    std::int64_t count = 0;
    bool finite = true;  // else a step after these was not

    void add(const Step& step) {
        finite = step.finite;
        if (!finite) return;
        errors[count] = step.error + step.penalty;
        penalties[count] = step.penalty;
        weights[count] = step.weight;
        norms[count] = step.norm;
        reported[count] = step.reported + step.penalty;
        ++count;
    }
};

template <class T>
class Worker {
public:
    Worker(const Machine<T>& machine, const ObjectiveSpec* objective, int threads);

    // Takes steps until the order is over or a look says so, or a number is not finite.
    void advance(State<T>& state, const PlanSpec& plan, const Rows& rows, const Order& order,
                 Told& told);

    // J of all rows as it is reported, and in panels its gradient where `gradient` is not null.
    double objective(const T* theta, const Rows& rows, T* gradient);

    // The same in parts, for many evaluations of the same rows. First notes them and returns Σ s.
    double choose_all(const Rows& rows) { return choose(rows, nullptr, rows.count); }
    // Then J and its gradient, 0 where `moves`, if it is not null, is 0; or R alone.
    double evaluate(const T* theta, const Rows& rows, double weight, const T* moves, T* gradient);
    double penalty_at(const T* theta, double weight);

    // ŷ (n, k), row by row.
    void predict(const T* theta, const Matrix& X, std::int64_t count, T* outputs);

private:
    void advance_small(State<T>& state, const PlanSpec& plan, const Rows& rows, const Order& order,
                       Told& told);
    Step step(State<T>& state, const PlanSpec& plan, const Rows& rows, double weight,
              double total_weight, double rate);
    Step fused_step(State<T>& state, const PlanSpec& plan, const Rows& rows, double weight,
                    double total_weight, double rate);
    double choose(const Rows& rows, const std::int64_t* order, std::int64_t length);
    Pass<T> pass_of(const T* theta, const Rows& rows);
    void reserve(std::int64_t rows);
    std::int64_t rows_at_once() const;
    void sum_halves(const Pass<T>& pass);
    int shares(const Pass<T>& pass, int node, bool back) const;
    void by_rows(const Pass<T>& pass, const Layers& forward, bool judged, const Layers& backward);
    void by_panels(const Pass<T>& pass, int node, int shares, bool back);
    void train_layers(const Pass<T>& pass);
    void train_rows(Pass<T>& pass, std::int64_t first, std::int64_t count, Errors& error);
    Errors train(Pass<T> pass, T* gradient, std::int64_t at_once);
    Errors measure(const Pass<T>& pass);
    std::int64_t rows_of_evaluation() const;
    Errors train_small(const T* theta, const Rows& rows, double weight, T* gradient);
    void transpose(const T* theta);
    void note(std::size_t tasks);
    Finish<T> finishing(double weight, double total_weight, std::size_t tasks);
    void finish(const Finish<T>& job, const T* theta, T* gradient);
    double penalty(const Finish<T>& job) const;
    Size size(const std::vector<double>& squares, double limit) const;
    Update<T> updating(State<T>& state, const PlanSpec& plan, double rate, double shrink);
    bool sound(const State<T>& state) const;
    bool update(State<T>& state, const PlanSpec& plan, double rate, double shrink);
    T* scratch_of(int thread) { return scratch_.data() + thread * machine_.scratch(tiles_); }
    // Room for two pieces of the gradient: with tiles, one moves while the next is summed.
    int piece() const { return 2 * machine_.model().panel * machine_.model().panel; }
    int ranges() const { return static_cast<int>(machine_.layout().ranges.size()); }

    const Machine<T>& machine_;
    const ObjectiveSpec* objective_;
    FlushSmall flush_;
    Pool pool_;
    std::int64_t capacity_ = 0;
    Numbers<T> memory_, scratch_, transposed_, gradient_, small_;
    std::vector<MoveTask> fused_;  // empty: steps are not fused
    std::vector<MoveGroup> groups_;
    std::vector<int> shares_;      // of groups: where each thread's stretch ends
    Numbers<T> moved_;             // pieces of a gradient, one for each thread
    bool tiles_ = false;           // whether steps multiply in tiles
    bool turned_ = false;          // whether `transposed_` is of the weights as they are
    std::vector<std::int64_t> rows_;
    std::vector<std::int32_t> positions_;
    std::vector<Errors> block_errors_;
    std::vector<double> factors_, penalties_, squares_, clipped_, scales_;
    std::vector<std::uint8_t> sound_;
};

}  // namespace fallline
