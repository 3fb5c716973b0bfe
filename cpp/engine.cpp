#include "engine.hpp"

#include <algorithm>
#include <stdexcept>

#include "cpu.hpp"

namespace fallline {

namespace {

template <class T>
Numbers<T> in_panels(const Machine<T>& machine, const void* theta) {
    Numbers<T> panels(machine.layout().padded);
    machine.to_panels(static_cast<const T*>(theta), panels.data());
    return panels;
}

}  // namespace

Engine::Engine(const std::string& kernels, bool wide, std::shared_ptr<const NetworkSpec> network,
               std::optional<ObjectiveSpec> objective, std::optional<PlanSpec> plan)
    : wide_(wide), objective_(std::move(objective)), plan_(std::move(plan)) {
    const ObjectiveSpec* judged = objective_ ? &*objective_ : nullptr;
    const PlanSpec* planned = plan_ ? &*plan_ : nullptr;
    const auto make = [&]<class T>(Pair<T>* pair) {
        const Kernel<T>& kernel = kernel_of<T>(kernels);
        pair->plain = std::make_unique<Machine<T>>(kernel, network, judged, planned, false);
        pair->sparse = std::make_unique<Machine<T>>(kernel, network, judged, planned, true);
    };
    if (wide) make(&machines_.emplace<Pair<double>>());
    else make(&machines_.emplace<Pair<float>>());
}

void Engine::check_quiet() const {
    if (plan_) throw std::invalid_argument("errors and predictions take an engine without a plan");
}

std::int64_t Engine::size() const {
    return with(false, [](const auto& machine) { return machine.layout().size; });
}
int Engine::inputs() const {
    return with(false, [](const auto& machine) { return machine.model().inputs; });
}
int Engine::outputs() const {
    return with(false, [](const auto& machine) { return machine.model().outputs; });
}
int Engine::targets() const {
    return with(false, [](const auto& machine) { return machine.model().targets; });
}
double Engine::work() const {
    return with(false, [](const auto& machine) { return machine.work_per_row(); });
}

const char* Engine::path(std::int64_t batch_size) const {
    return with(false, [&](const auto& machine) {
        return machine.small() && machine.small()->takes(batch_size) ? "small" : "generic";
    });
}

std::vector<std::string> Engine::arrays() const {
    return with(false, [](const auto& machine) {
        const char* names[4];
        const int count = machine.kernel().arrays(machine.optimizer(), names);
        return std::vector<std::string>(names, names + count);
    });
}

Progress Engine::start(const std::vector<const void*>& parts, OptimizerNumbers numbers,
                       std::int64_t step) const {
    return with(false, [&]<class T>(const Machine<T>& machine) {
        State<T> state;
        state.theta = in_panels(machine, parts[0]);
        for (std::size_t i = 1; i < parts.size(); ++i)
            state.arrays.push_back(in_panels(machine, parts[i]));
        state.numbers = numbers;
        state.step = step;
        return Progress(std::move(state));
    });
}

void Engine::read(const Progress& progress, int which, void* to) const {
    with(false, [&]<class T>(const Machine<T>& machine) {
        const State<T>& state = progress.as<T>();
        const Numbers<T>& from = which < 0 ? state.theta : state.arrays.at(which);
        machine.from_panels(from.data(), static_cast<T*>(to));
    });
}

void Engine::advance(Progress& progress, const Rows& rows, const Order& order, int threads,
                     Told& told) const {
    with(rows.X.sparse, [&]<class T>(const Machine<T>& machine) {
        Worker<T> worker(machine, &*objective_, threads);
        worker.advance(progress.as<T>(), *plan_, rows, order, told);
    });
}

double Engine::objective(const void* theta, const Rows& rows, void* gradient, int threads) const {
    check_quiet();
    return with(rows.X.sparse, [&]<class T>(const Machine<T>& machine) {
        Worker<T> worker(machine, &*objective_, threads);
        const Numbers<T> panels = in_panels(machine, theta);
        Numbers<T> slopes(gradient ? machine.layout().padded : 0);
        const double error = worker.objective(panels.data(), rows, slopes.data());
        if (gradient) machine.from_panels(slopes.data(), static_cast<T*>(gradient));
        return error;
    });
}

Solving Engine::start_solver(const void* theta, const void* gradient, const void* steps,
                             const void* changes, int pairs, const SolverNumbers& numbers) const {
    check_quiet();
    return with(false, [&]<class T>(const Machine<T>& machine) {
        const auto kept = [&](const void* from, int row) {
            const T* at = static_cast<const T*>(from) + row * machine.layout().size;
            return std::make_shared<const Numbers<T>>(in_panels(machine, at));
        };
        SolverState<T> state{kept(theta, 0), kept(gradient, 0), {}, numbers};
        for (int i = 0; i < pairs; ++i)
            state.pairs.push_back(pair_of<T>(machine.kernel(), kept(steps, i), kept(changes, i)));
        return Solving(std::move(state));
    });
}

void Engine::read(const Solving& solving, int which, int rows, void* to) const {
    with(false, [&]<class T>(const Machine<T>& machine) {
        const SolverState<T>& state = solving.as<T>();
        T* at = static_cast<T*>(to);
        if (which <= 0) {
            machine.from_panels((which < 0 ? state.theta : state.gradient)->data(), at);
            return;
        }
        const auto none = std::max<std::int64_t>(0, rows - std::ssize(state.pairs));
        at = std::fill_n(at, none * machine.layout().size, T(0));
        for (auto i = std::ssize(state.pairs) - (rows - none); i < std::ssize(state.pairs); ++i) {
            const CurvaturePair<T>& pair = state.pairs[i];
            machine.from_panels((which == 1 ? pair.step : pair.change)->data(), at);
            at += machine.layout().size;
        }
    });
}

Solving Engine::iterate(const Solving& before, const SolverSettings& settings, const Rows& rows,
                        int threads, const Iterating& how, std::vector<Iteration>& told,
                        std::exception_ptr& raised) const {
    check_quiet();
    return with(rows.X.sparse, [&]<class T>(const Machine<T>& machine) {
        told.clear();
        SolverState<T> state = before.as<T>();
        Solver<T> solver(machine, *objective_, settings, rows, threads, how.look);
        for (bool more = true; more;) {
            SolverState<T> next = state;
            try {
                Iteration one = solver.iterate(next);
                if (!told.empty() && !one.finite) break;  // it is told of where it is the first
                state = std::move(next);
                one.rate = state.numbers.rate;
                one.evaluations = state.numbers.evaluations;
                told.push_back(one);
                more = one.finite && state.numbers.done == 0 && std::ssize(told) < how.most &&
                       how.goes_on();
            } catch (...) {
                raised = std::current_exception();
                break;
            }
        }
        return Solving(std::move(state));
    });
}

}  // namespace fallline
