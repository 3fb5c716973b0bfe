// Descents and single computations in either float type: what bindings.cpp shows to Python.

#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "solver.hpp"

namespace fallline {

// A descent between two steps, in float or double.
class Progress {
public:
    template <class T>
    explicit Progress(State<T> state) : state_(std::move(state)) {}

    Progress copy() const { return *this; }
    std::int64_t step() const {
        return std::visit([](const auto& state) { return state.step; }, state_);
    }
    std::vector<double> numbers() const {
        return std::visit(
            [](const auto& state) {
                return std::vector<double>{state.numbers.t, state.numbers.product};
            },
            state_);
    }
    template <class T>
    State<T>& as() { return std::get<State<T>>(state_); }
    template <class T>
    const State<T>& as() const { return std::get<State<T>>(state_); }

private:
    std::variant<State<float>, State<double>> state_;
};

// L-BFGS between two iterations, in float or double.
class Solving {
public:
    template <class T>
    explicit Solving(SolverState<T> state) : state_(std::move(state)) {}

    SolverNumbers numbers() const {
        return std::visit([](const auto& state) { return state.numbers; }, state_);
    }
    template <class T>
    const SolverState<T>& as() const { return std::get<SolverState<T>>(state_); }

private:
    std::variant<SolverState<float>, SolverState<double>> state_;
};

// A network, perhaps with an objective and a plan, made ready for one float type: with a plan for
// descents, without for errors, gradients and predictions. Calls may come from several threads at
// once: what is shared does not change.
class Engine {
public:
    Engine(const std::string& kernels, bool wide, std::shared_ptr<const NetworkSpec> network,
           std::optional<ObjectiveSpec> objective, std::optional<PlanSpec> plan);

    std::size_t bytes() const { return wide_ ? sizeof(double) : sizeof(float); }
    std::int64_t size() const;  // of θ
    int inputs() const;
    int outputs() const;
    int targets() const;
    double work() const;
    // The way that steps over plain rows take: "small" or "generic".
    const char* path(std::int64_t batch_size) const;
    std::vector<std::string> arrays() const;

    Progress start(const std::vector<const void*>& parts, OptimizerNumbers numbers,
                   std::int64_t step) const;
    void read(const Progress& progress, int which, void* to) const;

    void advance(Progress& progress, const Rows& rows, const Order& order, int threads,
                 Told& told) const;
    double objective(const void* theta, const Rows& rows, void* gradient, int threads) const;

    // `steps` and `changes` hold `pairs` vectors each, one after the other.
    Solving start_solver(const void* theta, const void* gradient, const void* steps,
                         const void* changes, int pairs, const SolverNumbers& numbers) const;
    // Writes θ (-1), the gradient (0), or so many steps (1) or changes (2), the newest last.
    void read(const Solving& solving, int which, int rows, void* to) const;
    // The state after as many iterations as `how` allows, while there is something left to do. One
    // within which `how.look` throws is left out, and what it threw is kept.
    Solving iterate(const Solving& before, const SolverSettings& settings, const Rows& rows,
                    int threads, const Iterating& how, std::vector<Iteration>& told,
                    std::exception_ptr& raised) const;

    // Throws where there is a plan, whose noise is that of its steps only.
    void check_quiet() const;

    // Calls call(machine) with the machine for plain X or for compressed rows.
    template <class Call>
    auto with(bool sparse, Call&& call) const {
        return std::visit([&](const auto& pair) { return call(sparse ? *pair.sparse : *pair.plain); },
                          machines_);
    }

private:
    template <class T>
    struct Pair {
        std::unique_ptr<const Machine<T>> plain, sparse;
    };

    bool wide_;
    std::optional<ObjectiveSpec> objective_;
    std::optional<PlanSpec> plan_;
    std::variant<Pair<float>, Pair<double>> machines_;
};

}  // namespace fallline
