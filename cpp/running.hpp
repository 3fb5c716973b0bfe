// Sums over steps, carried on step by step, so that a pause does not show in them.

#pragma once

#include <cstdint>

namespace fallline {

// What an epoch in progress has summed: Σ of J_B · Σ_B s, or of J_B alone; of Σ_B s; of norms.
struct Running {
    double error, weight, norm;
};

// Return the sums with `count` more steps; `scaled` says whether errors count by their weights.
Running carried(Running sums, const double* errors, const double* weights, const double* norms,
                std::int64_t count, bool scaled);

}  // namespace fallline
