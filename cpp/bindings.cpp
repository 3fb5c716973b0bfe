// The door between Python and the kernel: it translates arguments and results, and computes nothing.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <optional>

#include "buffer.hpp"
#include "cpu.hpp"
#include "engine.hpp"

namespace fallline {

namespace {

ProgramSpec program_of(nb::handle plain) {
    ProgramSpec program;
    for (nb::handle step : plain) {
        const auto parts = nb::cast<nb::tuple>(step);
        program.push_back({nb::cast<std::string>(parts[0]), nb::cast<double>(parts[1]),
                           nb::cast<std::vector<int>>(parts[2])});
    }
    return program;
}

// (family, settings, list, weights, value, slope, joint, from_output)
RowSpec row_of(nb::handle plain) {
    const auto parts = nb::cast<nb::tuple>(plain);
    RowSpec row;
    row.family = nb::cast<std::string>(parts[0]);
    row.settings = nb::cast<std::vector<double>>(parts[1]);
    row.list = nb::cast<std::vector<double>>(parts[2]);
    row.weights = nb::cast<std::vector<double>>(parts[3]);
    row.value = program_of(parts[4]);
    row.slope = program_of(parts[5]);
    row.joint = nb::cast<bool>(parts[6]);
    row.from_output = nb::cast<bool>(parts[7]);
    return row;
}

// (inputs, [(size, bias, sources, activation)], masked, trainable), the last two bytes or empty
std::shared_ptr<NetworkSpec> network_of(nb::handle plain) {
    const auto parts = nb::cast<nb::tuple>(plain);
    auto network = std::make_shared<NetworkSpec>();
    network->inputs = nb::cast<std::vector<int>>(parts[0]);
    for (nb::handle item : parts[1]) {
        const auto layer = nb::cast<nb::tuple>(item);
        network->layers.push_back({nb::cast<int>(layer[0]), nb::cast<bool>(layer[1]),
                                   nb::cast<std::vector<int>>(layer[2]), row_of(layer[3])});
    }
    const auto flags = [](nb::handle from) {
        const auto bytes = nb::cast<nb::bytes>(from);
        return std::vector<std::uint8_t>(bytes.c_str(), bytes.c_str() + bytes.size());
    };
    network->masked = flags(parts[2]);
    network->trainable = flags(parts[3]);
    return network;
}

// (loss, fused, sums, targets, l1, l2, alpha)
std::optional<ObjectiveSpec> objective_of(nb::handle plain) {
    if (nb::len(plain) == 0) return {};
    const auto parts = nb::cast<nb::tuple>(plain);
    return ObjectiveSpec{row_of(parts[0]),            nb::cast<bool>(parts[1]),
                         nb::cast<bool>(parts[2]),    nb::cast<int>(parts[3]),
                         nb::cast<double>(parts[4]),  nb::cast<double>(parts[5]),
                         nb::cast<double>(parts[6])};
}

// (optimizer, dialect, settings, clip_value, clip_norm, max_norm, dropout, input_noise, seed)
std::optional<PlanSpec> plan_of(nb::handle plain) {
    if (nb::len(plain) == 0) return {};
    const auto parts = nb::cast<nb::tuple>(plain);
    return PlanSpec{nb::cast<std::string>(parts[0]),
                    nb::cast<std::string>(parts[1]),
                    nb::cast<std::vector<double>>(parts[2]),
                    nb::cast<double>(parts[3]),
                    nb::cast<double>(parts[4]),
                    nb::cast<double>(parts[5]),
                    nb::cast<std::vector<double>>(parts[6]),
                    nb::cast<double>(parts[7]),
                    nb::cast<std::uint64_t>(parts[8])};
}

// X, or (data, columns, starts) of compressed rows; and what keeps the memory.
class MatrixView {
public:
    MatrixView(nb::handle X, std::size_t bytes) {
        if (nb::isinstance<nb::tuple>(X)) {
            const auto parts = nb::cast<nb::tuple>(X);
            data_.emplace(parts[0], 'f', bytes);
            const auto wide = nb::cast<int>(parts[1].attr("itemsize")) == 8;
            columns_.emplace(parts[1], 'i', wide ? 8 : 4);
            starts_.emplace(parts[2], 'i', wide ? 8 : 4);
            matrix_.sparse = true;
            matrix_.wide_indices = wide;
            matrix_.columns = columns_->data<void>();
            matrix_.starts = starts_->data<void>();
            count_ = starts_->size(0) - 1;
        } else {
            data_.emplace(X, 'f', bytes);
            matrix_.row_stride = data_->stride(0);
            matrix_.column_stride = data_->stride(1);
            count_ = data_->size(0);
            columns_of_ = data_->size(1);
        }
        matrix_.data = data_->data<char>();
    }
    const Matrix& matrix() const { return matrix_; }
    std::int64_t count() const { return count_; }
    // The columns of a plain matrix, or -1 where the caller knows them.
    std::int64_t columns() const { return columns_of_; }

private:
    std::optional<Buffer> data_, columns_, starts_;
    Matrix matrix_;
    std::int64_t count_ = 0, columns_of_ = -1;
};

void check(bool holds, const char* message) {
    if (!holds) throw std::invalid_argument(message);
}

// X, Y and weights of equal length, as the kernel takes them.
class RowsView {
public:
    RowsView(const Engine& engine, nb::handle X, nb::handle Y, nb::handle weights)
        : X_(X, engine.bytes()), Y_(Y, engine.bytes()), weights_(weights, 'f', engine.bytes()) {
        check(X_.columns() < 0 || X_.columns() == engine.inputs(), "X has other columns");
        check(Y_.columns() == engine.targets(), "Y has other columns");
        check(X_.count() == Y_.count() && X_.count() == weights_.size(0),
              "X, Y and weights differ in length");
        rows_.X = X_.matrix();
        rows_.Y = Y_.matrix();
        rows_.weights = weights_.data<char>();
        rows_.weight_stride = weights_.stride(0);
        rows_.count = X_.count();
    }
    const Rows& rows() const { return rows_; }

private:
    MatrixView X_, Y_;
    Buffer weights_;
    Rows rows_;
};

nb::tuple told(const std::vector<Step>& steps, nb::handle out) {
    const Buffer to(out, 'f', sizeof(double), true);
    std::int64_t count = static_cast<std::int64_t>(steps.size());
    const bool finite = steps.empty() || steps.back().finite;
    count -= !finite;
    const auto put = [&](int row, std::int64_t i, double value) {
        *reinterpret_cast<double*>(to.data<char>() + row * to.stride(0) + i * 8) = value;
    };
    check(to.size(0) == 5 && count <= to.size(1), "there is no room for the steps");
    for (std::int64_t i = 0; i < count; ++i) {
        put(0, i, steps[i].error + steps[i].penalty);
        put(1, i, steps[i].penalty);
        put(2, i, steps[i].weight);
        put(3, i, steps[i].norm);
        put(4, i, steps[i].reported + steps[i].penalty);
    }
    return nb::make_tuple(count, finite);
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
        const nb::gil_scoped_acquire hold;
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        next = Clock::now() + interval;
    };
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
                 const std::function<bool()> look = [&] {
                     const nb::gil_scoped_acquire hold;
                     if (PyErr_CheckSignals() != 0) throw nb::python_error();
                     return nb::cast<bool>(stop());
                 };
                 const Order slice{positions.data<std::int64_t>(), length, epoch, batch_size,
                                   etas.data<double>(), total_weight, seconds, look};
                 check(epoch > 0 ? length % epoch == 0 : length == 0, "epochs are whole");
                 check(steps == slice.steps(), "there is a rate a step");
                 std::vector<Step> taken;
                 {
                     const nb::gil_scoped_release free;
                     taken = self.advance(progress, view.rows(), slice, threads);
                 }
                 return told(taken, out);
             }, "Take steps; return how many, and whether all were finite.")
        .def("error",
             [](Engine& self, nb::object theta, nb::object X, nb::object Y, nb::object weights,
                int threads) {
                 const RowsView view(self, X, Y, weights);
                 const Buffer at(theta, 'f', self.bytes());
                 at.check_plain(self.size());
                 const nb::gil_scoped_release free;
                 return self.objective(at.data<void>(), view.rows(), nullptr, threads);
             }, "Return J of all rows.")
        .def("error_and_gradient",
             [](Engine& self, nb::object theta, nb::object X, nb::object Y, nb::object weights,
                int threads, nb::object gradient) {
                 const RowsView view(self, X, Y, weights);
                 const Buffer at(theta, 'f', self.bytes()), to(gradient, 'f', self.bytes(), true);
                 at.check_plain(self.size());
                 to.check_plain(self.size());
                 const nb::gil_scoped_release free;
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
                nb::object Y, nb::object weights, int threads, double seconds) {
                 const RowsView view(self, X, Y, weights);
                 const SolverSettings rules = solver_of(settings);
                 const std::function<void()> look = signals(seconds);
                 Iteration told;
                 std::optional<Solving> after;
                 {
                     const nb::gil_scoped_release free;
                     after.emplace(self.iterate(before, rules, view.rows(), threads, look, told));
                 }
                 return nb::make_tuple(std::move(*after), told.error, told.penalty, told.weight,
                                       told.norm, told.finite);
             }, "Return the state after an iteration, and what was before it.")
        .def("predict",
             [](Engine& self, nb::object theta, nb::object X, int threads, nb::object outputs) {
                 const MatrixView rows(X, self.bytes());
                 const Buffer at(theta, 'f', self.bytes()), to(outputs, 'f', self.bytes(), true);
                 at.check_plain(self.size());
                 check(rows.columns() < 0 || rows.columns() == self.inputs(), "X has other columns");
                 to.check_plain(rows.count() * self.outputs());
                 const nb::gil_scoped_release free;
                 self.predict(at.data<void>(), rows.matrix(), rows.count(), to.data<void>(),
                              threads);
             }, "Write the outputs ŷ of all rows, one after the other.");
}

}  // namespace fallline
