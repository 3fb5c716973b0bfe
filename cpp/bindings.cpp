// The door between Python and the kernel: it translates arguments and results, and computes nothing.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <exception>
#include <optional>
#include <tuple>

#include "cpu.hpp"
#include "given.hpp"
#include "lock.hpp"
#include "order.hpp"
#include "predictor.hpp"
#include "running.hpp"

namespace fallline {

namespace {

// A predictor, and what makes the arrays that it answers with.
class Answering {
public:
    Answering(const Engine& engine, nb::handle theta, nb::object empty, double most_work)
        : predictor_(engine, plain(engine, Buffer(theta, 'f', engine.bytes()))), empty_(std::move(empty)),
          dtype_(theta.attr("dtype")), one_(nb::int_(engine.outputs())),
          inputs_(engine.inputs()), outputs_(engine.outputs()), work_(engine.work()),
          most_work_(most_work), bytes_(engine.bytes()) {}

    // None where only the long way can tell: X is no array of the engine's dtype and columns, or
    // has too many rows, or not all is finite.
    nb::object few(nb::handle X) const {
        const Buffer rows(X, bytes_);
        const int axes = rows.axes();
        if (!rows.is_open() || axes < 1 || axes > 2 || rows.size(axes - 1) != inputs_)
            return nb::none();
        const std::int64_t count = axes == 2 ? rows.size(0) : 1;
        const double work = work_ * static_cast<double>(count);
        if (count == 0 || work > most_work_) return nb::none();
        const nb::object outputs =
            axes == 2 ? empty_(nb::make_tuple(count, one_), dtype_) : empty_(one_, dtype_);
        const Buffer to(outputs, 'f', bytes_, true);
        Matrix matrix;
        matrix.data = rows.data<char>();
        matrix.row_stride = axes == 2 ? rows.stride(0) : 0;
        matrix.column_stride = rows.stride(axes - 1);
        std::optional<Unlocked> free;
        if (work > work_worth_the_lock) free.emplace();
        const bool finite = predictor_.few(matrix, count, to.data<void>());
        free.reset();
        return finite ? outputs : nb::none();
    }

    // Writes ŷ of any rows, and returns whether all of it is finite.
    bool many(nb::handle X, int threads, nb::handle outputs) const {
        const MatrixView rows(X, bytes_);
        const Buffer to(outputs, 'f', bytes_, true);
        check(rows.columns() < 0 || rows.columns() == inputs_, "X has other columns");
        to.check_plain(rows.count() * outputs_);
        const Unlocked free;
        return predictor_.many(rows.matrix(), rows.count(), to.data<void>(), threads);
    }

private:
    // To let another thread run costs more than a few microseconds of work.
    static constexpr double work_worth_the_lock = 3e5;

    static const void* plain(const Engine& engine, const Buffer& theta) {
        theta.check_plain(engine.size());
        return theta.data<void>();
    }

    Predictor predictor_;
    nb::object empty_, dtype_, one_;
    std::int64_t inputs_, outputs_;
    double work_, most_work_;
    std::size_t bytes_;
};

// Whether two vectors of floats are equal bit by bit.
bool same_bits(nb::handle a, nb::handle b, std::size_t itemsize) {
    const Buffer one(a, itemsize), other(b, itemsize);
    if (!one.is_open() || !other.is_open()) return false;
    const std::int64_t count = one.size(0);
    return one.is_plain(count) && other.is_plain(count) &&
           std::memcmp(one.data<void>(), other.data<void>(), itemsize * count) == 0;
}

// Runs the handlers of signals that came; returns what one of them raised, or None.
nb::object interruption() {
    if (or_sleep(PyErr_CheckSignals) == 0) return nb::none();
    const nb::python_error raised;
    return nb::borrow(raised.value());
}

// The columns of an array (5, steps).
Told told_in(const Buffer& out, std::int64_t steps) {
    check(out.size(0) == 5 && steps <= out.size(1), "there is no room for the steps");
    const auto row = [&](int i) {
        return reinterpret_cast<double*>(out.data<char>() + i * out.stride(0));
    };
    return {row(0), row(1), row(2), row(3), row(4)};
}

// (memory, tolerance, fall, flat, search)
SolverSettings solver_of(nb::tuple plain) {
    return {nb::cast<int>(plain[0]), nb::cast<double>(plain[1]), nb::cast<double>(plain[2]),
            nb::cast<double>(plain[3]), nb::cast<int>(plain[4])};
}

constexpr double SolverNumbers::* solver_names[solver_numbers] = {
    &SolverNumbers::error, &SolverNumbers::lowest, &SolverNumbers::flattest,
    &SolverNumbers::evaluations, &SolverNumbers::rate, &SolverNumbers::done,
    &SolverNumbers::kept, &SolverNumbers::stalled,
};

// Lets Ctrl-C end what goes on without Python's lock, some times a second.
std::function<void()> signals(double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto interval =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    return [interval, next = Clock::now() + interval]() mutable {
        if (Clock::now() < next) return;
        const Locked hold;
        if (or_sleep(PyErr_CheckSignals) != 0) throw nb::python_error();
        next = Clock::now() + interval;
    };
}

// Whether to go on, asked some times a second.
std::function<bool()> stopping(nb::handle stop, double seconds) {
    using Clock = std::chrono::steady_clock;
    const auto interval =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    return [stop, interval, next = Clock::now() + interval]() mutable {
        if (Clock::now() < next) return true;
        const Locked hold;
        next = Clock::now() + interval;
        return !or_sleep([&] { return nb::cast<bool>(stop()); });
    };
}

// Writes iterations to the columns of a matrix; returns whether J and g were finite before them.
bool write(const std::vector<Iteration>& told, const Buffer& to) {
    for (std::size_t i = 0; i < told.size(); ++i) {
        const Iteration& one = told[i];
        const double numbers[] = {one.error, one.penalty, one.weight,
                                  one.norm,  one.rate,    one.evaluations};
        for (int row = 0; row < 6; ++row)
            *reinterpret_cast<double*>(to.data<char>() + row * to.stride(0) + i * to.stride(1)) =
                numbers[row];
    }
    return told.empty() || told.back().finite;
}

// What Python raised, or None; anything else is thrown on.
nb::object value_of(const std::exception_ptr& raised) {
    if (!raised) return nb::none();
    try {
        std::rethrow_exception(raised);
    } catch (const nb::python_error& error) {
        return nb::borrow(error.value());
    }
}

}  // namespace

NB_MODULE(_core, module) {
    module.doc() = "The C++ core of fallline.";
    nb::set_leak_warnings(false);  // what a cache or a traceback still holds at exit is no leak
    module.def("version", [] { return FALLLINE_VERSION; },
               "Return the version of fallline that this core was built from.");
    module.def("instruction_set", &instruction_set,
               "Return the instruction set level of this machine, such as 'x86-64-v3'.");
    module.def("kernels", &kernel_names,
               "Return the names of the kernels that run here, the fastest first.");

    module.def("permutation", [](const std::vector<std::uint32_t>& seed, nb::object out) {
        const Buffer to(out, 'i', 8, true);
        to.check_plain(to.size(0));
        const Unlocked free;
        permutation(seed, to.data<std::int64_t>(), to.size(0));
    }, "Write NumPy's permutation of 0, 1, ... for a seed, told in words of 32 bits, to a vector.");

    module.def("shuffle", [](const nb::capsule& bits, nb::object rows) {
        const Buffer to(rows, 'i', 8, true);
        to.check_plain(to.size(0));
        const auto* from = static_cast<const BitGenerator*>(bits.data("BitGenerator"));
        const Unlocked free;
        shuffle(*from, to.data<std::int64_t>(), to.size(0));
    }, "Shuffle a vector as RandomState does, by NumPy's capsule of its generator.");

    module.def("carried", [](std::tuple<double, double, double> sums, nb::object errors,
                             nb::object weights, nb::object norms, bool scaled) {
        const Buffer each[] = {{errors, 'f', 8}, {weights, 'f', 8}, {norms, 'f', 8}};
        const std::int64_t count = each[0].size(0);
        for (const Buffer& one : each) one.check_plain(count);
        const auto [error, weight, norm] = sums;
        const Running more = carried({error, weight, norm}, each[0].data<double>(),
                                     each[1].data<double>(), each[2].data<double>(), count, scaled);
        return std::tuple{more.error, more.weight, more.norm};
    }, "Return three sums with more terms, added one after the other.");

    nb::class_<Progress>(module, "Progress", "A descent between two steps, in the core's memory.")
        .def("copy", &Progress::copy, "Return an equal one that shares no memory.")
        .def_prop_ro("step", &Progress::step, "Steps taken.")
        .def_prop_ro("numbers", &Progress::numbers, "The optimizer's t and product.");

    nb::class_<Solving>(module, "Solving", "L-BFGS between two iterations, in the core's memory.")
        .def_prop_ro("numbers", [](const Solving& self) {
            const SolverNumbers numbers = self.numbers();
            std::vector<double> found;
            for (auto name : solver_names) found.push_back(numbers.*name);
            return found;
        }, "error, lowest, flattest, evaluations, rate, done, kept, stalled.");

    nb::class_<Engine>(module, "Engine", "A network, an objective and a plan, made ready.")
        .def("__init__",
             [](Engine* self, const std::string& kernels, bool wide, nb::object network,
                nb::object objective, nb::object plan) {
                 new (self) Engine(kernels, wide, network_of(network), objective_of(objective),
                                   plan_of(plan));
             })
        .def_prop_ro("arrays", &Engine::arrays, "The names of the optimizer's arrays over θ.")
        .def("path", &Engine::path, "Return the way of steps of so many rows: 'small', 'generic'.")
        .def_prop_ro("outputs", &Engine::outputs, "Columns of ŷ.")
        .def_prop_ro("work", &Engine::work, "Multiplications of one row of a step.")
        .def("start",
             [](const Engine& self, nb::object theta, nb::list arrays, double t, double product,
                std::int64_t step) {
                 std::vector<const void*> parts;
                 std::vector<std::unique_ptr<Buffer>> kept;
                 arrays.insert(0, theta);
                 for (nb::handle array : arrays) {
                     kept.push_back(std::make_unique<Buffer>(array, 'f', self.bytes()));
                     kept.back()->check_plain(self.size());
                     parts.push_back(kept.back()->data<void>());
                 }
                 return self.start(parts, {t, product}, step);
             }, "Return a descent at θ with the optimizer's arrays and numbers.")
        .def("read",
             [](const Engine& self, const Progress& progress, int which, nb::object out) {
                 const Buffer to(out, 'f', self.bytes(), true);
                 to.check_plain(self.size());
                 self.read(progress, which, to.data<void>());
             }, "Write θ (-1) or an array of the optimizer (0, 1, ...) of a descent to a vector.")
        .def("advance",
             [](Engine& self, Progress& progress, nb::object X, nb::object Y, nb::object weights,
                nb::object order, nb::object rates, std::int64_t epoch, std::int64_t batch_size,
                double total_weight, int threads, double seconds, nb::object stop, nb::object out) {
                 const RowsView view(self, X, Y, weights);
                 const Buffer positions(order, 'i', 8), etas(rates, 'f', 8);
                 const std::int64_t length = positions.size(0), steps = etas.size(0);
                 positions.check_plain(length);
                 etas.check_plain(steps);
                 nb::object interrupted = nb::none();
                 const std::function<bool()> look = [&] {
                     const Locked hold;
                     interrupted = interruption();
                     if (!interrupted.is_none()) return true;
                     try {
                         return or_sleep([&] { return nb::cast<bool>(stop()); });
                     } catch (const nb::python_error& raised) {  // by a signal that came now
                         interrupted = nb::borrow(raised.value());
                         return true;
                     }
                 };
                 const Order slice{positions.data<std::int64_t>(), length, epoch, batch_size,
                                   etas.data<double>(), total_weight, seconds, look};
                 check(epoch > 0 ? length % epoch == 0 : length == 0, "epochs are whole");
                 check(steps == slice.steps(), "there is a rate a step");
                 const Buffer columns(out, 'f', sizeof(double), true);
                 Told told = told_in(columns, steps);
                 {
                     const Unlocked free;
                     self.advance(progress, view.rows(), slice, threads, told);
                 }
                 // One that came after the last look would cost all of the steps.
                 if (interrupted.is_none()) interrupted = interruption();
                 return nb::make_tuple(told.count, told.finite, interrupted);
             }, "Take steps; return how many, whether all were finite, and what interrupted them.")
        .def("error",
             [](Engine& self, nb::object theta, nb::object X, nb::object Y, nb::object weights,
                int threads) {
                 const RowsView view(self, X, Y, weights);
                 const Buffer at(theta, 'f', self.bytes());
                 at.check_plain(self.size());
                 const Unlocked free;
                 return self.objective(at.data<void>(), view.rows(), nullptr, threads);
             }, "Return J of all rows.")
        .def("error_and_gradient",
             [](Engine& self, nb::object theta, nb::object X, nb::object Y, nb::object weights,
                int threads, nb::object gradient) {
                 const RowsView view(self, X, Y, weights);
                 const Buffer at(theta, 'f', self.bytes()), to(gradient, 'f', self.bytes(), true);
                 at.check_plain(self.size());
                 to.check_plain(self.size());
                 const Unlocked free;
                 return self.objective(at.data<void>(), view.rows(), to.data<void>(), threads);
             }, "Return J of all rows, and write its gradient.")
        .def("start_solver",
             [](const Engine& self, nb::object theta, nb::object gradient, nb::object steps,
                nb::object changes, const std::vector<double>& numbers) {
                 const Buffer at(theta, 'f', self.bytes()), slope(gradient, 'f', self.bytes()),
                     moved(steps, 'f', self.bytes()), changed(changes, 'f', self.bytes());
                 at.check_plain(self.size());
                 slope.check_plain(self.size());
                 const std::int64_t pairs = moved.size(0) / self.size();
                 moved.check_plain(pairs * self.size());
                 changed.check_plain(pairs * self.size());
                 check(numbers.size() == solver_numbers, "there are other numbers of the solver");
                 SolverNumbers own{};
                 for (int i = 0; i < solver_numbers; ++i) own.*solver_names[i] = numbers[i];
                 return self.start_solver(at.data<void>(), slope.data<void>(), moved.data<void>(),
                                          changed.data<void>(), static_cast<int>(pairs), own);
             }, "Return L-BFGS at θ, with steps and changes one after the other.")
        .def("read_solver",
             [](const Engine& self, const Solving& solving, int which, int rows, nb::object out) {
                 const Buffer to(out, 'f', self.bytes(), true);
                 to.check_plain(rows * self.size());
                 self.read(solving, which, rows, to.data<void>());
             }, "Write θ (-1), the gradient (0), or the steps (1) or changes (2) to a vector.")
        .def("iterate",
             [](const Engine& self, const Solving& before, nb::tuple settings, nb::object X,
                nb::object Y, nb::object weights, int threads, double seconds, nb::object stop,
                nb::object out) {
                 const RowsView view(self, X, Y, weights);
                 const Buffer to(out, 'f', sizeof(double), true);
                 check(to.axes() == 2 && to.size(0) == 6, "there is no room for the iterations");
                 const SolverSettings rules = solver_of(settings);
                 const Iterating how{to.size(1), signals(seconds), stopping(stop, seconds)};
                 std::vector<Iteration> told;
                 std::exception_ptr raised;
                 std::optional<Solving> after;
                 {
                     const Unlocked free;
                     after.emplace(
                         self.iterate(before, rules, view.rows(), threads, how, told, raised));
                 }
                 if (raised && told.empty()) std::rethrow_exception(raised);
                 return nb::make_tuple(std::move(*after), told.size(), write(told, to),
                                       value_of(raised));
             }, "Return the state after iterations, how many, whether all was finite, and what "
                "interrupted them.");

    nb::class_<Answering>(module, "Predictor", "An engine with θ, made ready to predict.")
        .def(nb::init<const Engine&, nb::handle, nb::object, double>(), nb::keep_alive<1, 2>())
        .def("few", &Answering::few, nb::arg("X").none(),
             "Return the outputs ŷ of a row or a few, or None where X needs a look first.")
        .def("many", &Answering::many,
             "Write the outputs ŷ of all rows, one after the other; return whether all are finite.");
    module.def("same_bits", &same_bits, "Return whether two vectors of floats are equal in memory.");
}

}  // namespace fallline
