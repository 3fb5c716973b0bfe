// L-BFGS: iterations of formulas/optimizers/lbfgs.py, which defines them and tells their sources.
//
// A state never changes: an iteration makes the next one, which shares with it what stayed. All
// vectors lie in panels. Sums run in one order on one thread; only evaluations share their work.

#pragma once

#include <exception>
#include <functional>
#include <memory>

#include "descent.hpp"

namespace fallline {

struct SolverSettings {
    int memory;
    double tolerance, fall, flat;
    int search;
};

// What the solver knows beside vectors, in the order in which Python is told.
struct SolverNumbers {
    double error, lowest, flattest, evaluations, rate, done, kept, stalled;
};
constexpr int solver_numbers = 8;

template <class T>
using Shared = std::shared_ptr<const Numbers<T>>;

template <class T>
struct CurvaturePair {
    Shared<T> step, change;
    double curvature, square;  // s·y and y·y
};

template <class T>
CurvaturePair<T> pair_of(const Kernel<T>& kernel, Shared<T> step, Shared<T> change) {
    const auto count = static_cast<std::int64_t>(step->size());
    const double curvature = kernel.dot(step->data(), change->data(), count);
    const double square = kernel.dot(change->data(), change->data(), count);
    return {std::move(step), std::move(change), curvature, square};
}

template <class T>
struct SolverState {
    Shared<T> theta, gradient;
    std::vector<CurvaturePair<T>> pairs;  // the oldest first; of the last ones `kept` count
    SolverNumbers numbers;
};

// J, R, Σ s and ‖g‖ before an iteration, whether J and g were finite, and after it how far it went and
// how many evaluations there were since the start.
struct Iteration {
    double error, penalty, weight, norm;
    bool finite;
    double rate = 0, evaluations = 0;
};

// How long iterations go on: `look` is called between evaluations, `goes_on` between iterations.
struct Iterating {
    std::int64_t most;
    std::function<void()> look;
    std::function<bool()> goes_on;
};

template <class T>
class Solver {
public:
    // `look` is called between evaluations; what it throws ends the iteration.
    Solver(const Machine<T>& machine, const ObjectiveSpec& objective, const SolverSettings& settings,
           const Rows& rows, int threads, const std::function<void()>& look);

    Iteration iterate(SolverState<T>& state);

private:
    struct Trial {
        double alpha, error, slope;
        Shared<T> theta, gradient;
    };

    std::int64_t count() const { return machine_.layout().padded; }
    double dot(const Numbers<T>& a, const Numbers<T>& b) const;
    void add(Numbers<T>& to, double factor, const Numbers<T>& what) const;
    Numbers<T> sum(const Numbers<T>& a, double factor, const Numbers<T>& b) const;
    Numbers<T> slopes(const Numbers<T>& theta, double& error);
    void begin(SolverState<T>& state);
    bool search(SolverState<T>& state, Trial& found);
    Numbers<T> direction(const SolverState<T>& state) const;
    void go(SolverState<T>& state, const Trial& found) const;
    void judge(SolverState<T>& state) const;

    const Machine<T>& machine_;
    const SolverSettings& settings_;
    const Rows& rows_;
    const std::function<void()>& look_;
    Worker<T> worker_;
    double weight_;
};

}  // namespace fallline
