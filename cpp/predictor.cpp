#include "predictor.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fallline {

namespace {

constexpr std::size_t most_kept = 1 << 20;  // bytes that a thread keeps between two calls

// Memory for one call: the thread's own, which stays, or where that would be much some of its own.
template <class T>
class Room {
public:
    explicit Room(std::size_t size) {
        thread_local Numbers<std::byte> kept;
        if (size * sizeof(T) > most_kept) {
            own_ = Numbers<T>(size);
            data_ = own_.data();
            return;
        }
        if (size * sizeof(T) > kept.size()) kept = Numbers<std::byte>(size * sizeof(T));
        data_ = reinterpret_cast<T*>(kept.data());
    }
    T* data() const { return data_; }

private:
    Numbers<T> own_;
    T* data_;
};

template <class T>
bool is_finite(const T* numbers, std::int64_t count) {
    bool finite = true;
    for (std::int64_t i = 0; i < count; ++i) finite &= std::isfinite(numbers[i]);
    return finite;
}

template <class T>
bool is_finite(const Matrix& X, std::int64_t rows, std::int64_t columns) {
    bool finite = true;
    for (std::int64_t r = 0; r < rows; ++r) {
        const char* at = X.data + r * X.row_stride;
        for (std::int64_t j = 0; j < columns; ++j, at += X.column_stride) {
            T number;
            std::memcpy(&number, at, sizeof number);
            finite &= std::isfinite(number);
        }
    }
    return finite;
}

}  // namespace

Predictor::Predictor(const Engine& engine, const void* theta) : engine_(engine) {
    engine.check_quiet();
    engine.with(false, [&]<class T>(const Machine<T>& machine) {
        Numbers<T> panels(machine.layout().padded);
        machine.to_panels(static_cast<const T*>(theta), panels.data());
        panels_ = std::move(panels);
    });
}

bool Predictor::few(const Matrix& X, std::int64_t count, void* outputs) const {
    return engine_.with(false, [&]<class T>(const Machine<T>& machine) {
        const Model& model = machine.model();
        if (!is_finite<T>(X, count, model.inputs)) return false;
        const FlushSmall flush;
        Pass<T> pass{};
        pass.theta = std::get<Numbers<T>>(panels_).data();
        pass.X = X;
        pass.capacity = std::min<std::int64_t>(count, block_rows);
        const std::int64_t numbers = pass.capacity * machine.per_row();
        const Room<T> room(numbers + machine.scratch());
        pass.memory = room.data();
        T* to = static_cast<T*>(outputs);
        for (; pass.first_row < count; pass.first_row += block_rows) {
            pass.count = static_cast<int>(std::min<std::int64_t>(block_rows, count - pass.first_row));
            pass.outputs = to + pass.first_row * model.outputs;
            machine.kernel().predict(model, pass, 0, room.data() + numbers);
        }
        return is_finite(to, count * model.outputs);
    });
}

bool Predictor::many(const Matrix& X, std::int64_t count, void* outputs, int threads) const {
    return engine_.with(X.sparse, [&]<class T>(const Machine<T>& machine) {
        Worker<T> worker(machine, nullptr, threads);
        T* to = static_cast<T*>(outputs);
        worker.predict(std::get<Numbers<T>>(panels_).data(), X, count, to);
        return is_finite(to, count * machine.model().outputs);
    });
}

}  // namespace fallline
