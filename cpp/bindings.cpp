// The door between Python and the kernel: it translates arguments and results, and computes nothing.

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>

#include "buffer.hpp"
#include "cpu.hpp"
#include "order.hpp"
#include "predictor.hpp"

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
        std::optional<nb::gil_scoped_release> free;
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
        const nb::gil_scoped_release free;
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
    if (PyErr_CheckSignals() == 0) return nb::none();
    const nb::python_error raised;
    return nb::borrow(raised.value());
}

nb::tuple told(const std::vector<Step>& steps, nb::handle out, nb::handle interrupted) {
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
    return nb::make_tuple(count, finite, interrupted);
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
        const nb::gil_scoped_release free;
        permutation(seed, to.data<std::int64_t>(), to.size(0));
    }, "Write NumPy's permutation of 0, 1, ... for a seed, told in words of 32 bits, to a vector.");

    nb::class_<Progress>(module, "Progress", "A descent between two steps, in the core's memory.")
        .def("copy", &Progress::copy, "Return an equal one that shares no memory.")
        .def_prop_ro("step", &Progress::step, "Steps taken.")
        .def_prop_ro("numbers", &Progress::numbers, "The optimizer's t and product.");

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
                nb::object order, nb::object rates, std::int64_t batch_size, double total_weight,
                int threads, double seconds, nb::object stop, nb::object out) {
                 const RowsView view(self, X, Y, weights);
                 const Buffer positions(order, 'i', 8), etas(rates, 'f', 8);
                 const std::int64_t length = positions.size(0), steps = etas.size(0);
                 positions.check_plain(length);
                 etas.check_plain(steps);
                 check(steps == (length + batch_size - 1) / batch_size, "there is a rate a step");
                 nb::object interrupted = nb::none();
                 const std::function<bool()> look = [&] {
                     const nb::gil_scoped_acquire hold;
                     interrupted = interruption();
                     return !interrupted.is_none() || nb::cast<bool>(stop());
                 };
                 const Order slice{positions.data<std::int64_t>(), length, batch_size,
                                   etas.data<double>(), total_weight, seconds, look};
                 std::vector<Step> taken;
                 {
                     const nb::gil_scoped_release free;
                     taken = self.advance(progress, view.rows(), slice, threads);
                 }
                 // One that came after the last look would cost all of the steps.
                 if (interrupted.is_none()) interrupted = interruption();
                 return told(taken, out, interrupted);
             }, "Take steps; return how many, whether all were finite, and what interrupted them.")
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
             }, "Return J of all rows, and write its gradient.");

    nb::class_<Answering>(module, "Predictor", "An engine with θ, made ready to predict.")
        .def(nb::init<const Engine&, nb::handle, nb::object, double>(), nb::keep_alive<1, 2>())
        .def("few", &Answering::few, nb::arg("X").none(),
             "Return the outputs ŷ of a row or a few, or None where X needs a look first.")
        .def("many", &Answering::many,
             "Write the outputs ŷ of all rows, one after the other; return whether all are finite.");
    module.def("same_bits", &same_bits, "Return whether two vectors of floats are equal in memory.");
}

}  // namespace fallline
