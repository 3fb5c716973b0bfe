// A network with its weights, made ready to predict: asked again and again, a few rows each time.

#pragma once

#include <variant>

#include "engine.hpp"

namespace fallline {

// Keeps θ in panels. It may be asked from several threads at once: each has its own memory.
class Predictor {
public:
    // θ (P,) as the engine's; the engine must live as long as this.
    Predictor(const Engine& engine, const void* theta);

    const Engine& engine() const { return engine_; }

    // ŷ (n, k) of rows, row by row, on this thread and without room made for each call; returns
    // whether all numbers of X and ŷ are finite. X must not be sparse.
    bool few(const Matrix& X, std::int64_t count, void* outputs) const;

    // ŷ (n, k) of any rows; returns whether all of it is finite.
    bool many(const Matrix& X, std::int64_t count, void* outputs, int threads) const;

private:
    const Engine& engine_;
    std::variant<Numbers<float>, Numbers<double>> panels_;
};

}  // namespace fallline
