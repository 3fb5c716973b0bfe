#include "solver.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "line_search.hpp"

namespace fallline {

namespace {

constexpr int patience = 20;  // iterations without a lower error or a flatter gradient

template <class T>
Shared<T> shared(Numbers<T> values) {
    return std::make_shared<const Numbers<T>>(std::move(values));
}

// NaN where any is.
template <class T>
double largest(const Numbers<T>& values) {
    T found = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const T size = std::abs(values[i]);
        if (size > found || size != size) found = size;
    }
    return found;
}

// ‖g‖ from its square; where that overflows or vanishes, from the entries.
template <class T>
double norm(const Numbers<T>& values, double square) {
    if (std::isfinite(square) && square > 1e-280) return std::sqrt(square);
    const double most = largest(values);
    if (most == 0 || !std::isfinite(most)) return most;
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) sum += (values[i] / most) * (values[i] / most);
    return std::sqrt(sum) * most;
}

}  // namespace

template <class T>
Solver<T>::Solver(const Machine<T>& machine, const ObjectiveSpec& objective,
                  const SolverSettings& settings, const Rows& rows, int threads,
                  const std::function<void()>& look)
    : machine_(machine), settings_(settings), rows_(rows), look_(look),
      worker_(machine, &objective, threads), weight_(worker_.choose_all(rows)) {}

template <class T>
double Solver<T>::dot(const Numbers<T>& a, const Numbers<T>& b) const {
    return machine_.kernel().dot(a.data(), b.data(), count());
}

template <class T>
void Solver<T>::add(Numbers<T>& to, double factor, const Numbers<T>& what) const {
    machine_.kernel().combine(to.data(), factor, what.data(), to.data(), count());
}

template <class T>
Numbers<T> Solver<T>::sum(const Numbers<T>& a, double factor, const Numbers<T>& b) const {
    Numbers<T> found(count());
    machine_.kernel().combine(a.data(), factor, b.data(), found.data(), count());
    return found;
}

template <class T>
Numbers<T> Solver<T>::slopes(const Numbers<T>& theta, double& error) {
    look_();
    Numbers<T> gradient(count());
    error = worker_.evaluate(theta.data(), rows_, weight_, machine_.moves(), gradient.data());
    return gradient;
}

template <class T>
Iteration Solver<T>::iterate(SolverState<T>& state) {
    if (state.numbers.evaluations == 0) begin(state);
    const Numbers<T>& gradient = *state.gradient;
    const double square = dot(gradient, gradient), slope = largest(gradient);
    const Iteration told{state.numbers.error, worker_.penalty_at(state.theta->data(), weight_),
                         weight_, norm(gradient, square),
                         std::isfinite(state.numbers.error) && std::isfinite(slope)};
    if (state.numbers.done != 0 || !told.finite) return told;
    if (slope <= settings_.tolerance) {
        state.numbers.done = 1;
        return told;
    }
    Trial found;
    bool is_found = search(state, found);
    if (!is_found && state.numbers.kept != 0) {  // the pairs mislead: once more along -∇J
        state.numbers.kept = 0;
        is_found = search(state, found);
    }
    if (is_found) go(state, found);
    else state.numbers.done = 2;
    return told;
}

// The first evaluation, at the start.
template <class T>
void Solver<T>::begin(SolverState<T>& state) {
    SolverNumbers& numbers = state.numbers;
    state.gradient = shared(slopes(*state.theta, numbers.error));
    numbers.lowest = numbers.error;
    numbers.flattest = largest(*state.gradient);
    numbers.evaluations = 1;
}

// Searches along the direction and counts evaluations; returns whether a better point was found.
template <class T>
bool Solver<T>::search(SolverState<T>& state, Trial& found) {
    const Numbers<T> along = direction(state);
    SolverNumbers& numbers = state.numbers;
    const auto at = [&](double alpha) {
        Trial trial{alpha, 0, 0, shared(sum(*state.theta, alpha, along)), nullptr};
        trial.gradient = shared(slopes(*trial.theta, trial.error));
        trial.slope = dot(*trial.gradient, along);
        numbers.evaluations += 1;
        return trial;
    };
    const double slope = dot(*state.gradient, along);
    const Trial start{0, numbers.error, slope, state.theta, state.gradient};
    if (!(slope < 0)) return false;
    const double rounding = std::numeric_limits<T>::epsilon();
    const SearchRules rules{settings_.fall, settings_.flat, 8 * rounding * std::abs(numbers.error),
                            settings_.search};
    // Without pairs the direction is -∇J, which has no scale of its own: try a unit step.
    const double first = numbers.kept != 0 ? 1.0 : std::min(1.0, 1 / std::sqrt(-slope));
    return LineSearch<Trial, const decltype(at)>(at, start, rules).find(first, found);
}

// -H∇J by the two-loop recursion.
template <class T>
Numbers<T> Solver<T>::direction(const SolverState<T>& state) const {
    Numbers<T> found(count());
    add(found, -1, *state.gradient);
    const auto newest = state.pairs.rbegin();
    const auto oldest = newest + static_cast<std::ptrdiff_t>(state.numbers.kept);
    std::vector<double> shares;
    for (auto pair = newest; pair != oldest; ++pair) {
        shares.push_back(dot(*pair->step, found) / pair->curvature);
        add(found, -shares.back(), *pair->change);
    }
    if (newest != oldest) {
        const T scale = static_cast<T>(newest->curvature / newest->square);
        for (std::size_t i = 0; i < found.size(); ++i) found[i] *= scale;
    }
    for (auto pair = oldest; pair != newest; shares.pop_back()) {
        --pair;
        const double share = shares.back() - dot(*pair->change, found) / pair->curvature;
        add(found, share, *pair->step);
    }
    return found;
}

// Takes the step to a trial and keeps its pair.
template <class T>
void Solver<T>::go(SolverState<T>& state, const Trial& found) const {
    const CurvaturePair<T> pair =
        pair_of(machine_.kernel(), shared(sum(*found.theta, -1, *state.theta)),
                shared(sum(*found.gradient, -1, *state.gradient)));
    state.theta = found.theta;
    state.gradient = found.gradient;
    state.numbers.error = found.error;
    state.numbers.rate = found.alpha;
    // A pair without positive curvature would make H indefinite; rounding may give one.
    if (pair.curvature > double(std::numeric_limits<T>::epsilon()) * pair.square) {
        if (static_cast<int>(state.pairs.size()) == settings_.memory)
            state.pairs.erase(state.pairs.begin());
        state.pairs.push_back(pair);
        state.numbers.kept = std::min(state.numbers.kept + 1, double(settings_.memory));
    }
    judge(state);
}

// Whether it is done, and what tells when only rounding moves it.
template <class T>
void Solver<T>::judge(SolverState<T>& state) const {
    SolverNumbers& numbers = state.numbers;
    const double slope = largest(*state.gradient);
    const bool better = numbers.error < numbers.lowest || slope < numbers.flattest;
    numbers.stalled = better ? 0 : numbers.stalled + 1;
    numbers.lowest = std::min(numbers.error, numbers.lowest);
    numbers.flattest = std::min(slope, numbers.flattest);
    numbers.done = slope <= settings_.tolerance ? 1 : numbers.stalled >= patience ? 2 : 0;
}

template class Solver<float>;
template class Solver<double>;

}  // namespace fallline
