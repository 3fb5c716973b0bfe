// What Python gives, as the core takes it: networks, plans and rows. The tuples are those of
// engines/native_spec.py.

#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>

#include "buffer.hpp"
#include "engine.hpp"

namespace fallline {

inline ProgramSpec program_of(nb::handle plain) {
    ProgramSpec program;
    for (nb::handle step : plain) {
        const auto parts = nb::cast<nb::tuple>(step);
        program.push_back({nb::cast<std::string>(parts[0]), nb::cast<double>(parts[1]),
                           nb::cast<std::vector<int>>(parts[2])});
    }
    return program;
}

// (family, settings, list, weights, value, slope, joint, from_output)
inline RowSpec row_of(nb::handle plain) {
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
inline std::shared_ptr<NetworkSpec> network_of(nb::handle plain) {
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
inline std::optional<ObjectiveSpec> objective_of(nb::handle plain) {
    if (nb::len(plain) == 0) return {};
    const auto parts = nb::cast<nb::tuple>(plain);
    return ObjectiveSpec{row_of(parts[0]),            nb::cast<bool>(parts[1]),
                         nb::cast<bool>(parts[2]),    nb::cast<int>(parts[3]),
                         nb::cast<double>(parts[4]),  nb::cast<double>(parts[5]),
                         nb::cast<double>(parts[6])};
}

// (optimizer, dialect, settings, clip_value, clip_norm, max_norm, dropout, input_noise, seed)
inline std::optional<PlanSpec> plan_of(nb::handle plain) {
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

inline void check(bool holds, const char* message) {
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

}  // namespace fallline
