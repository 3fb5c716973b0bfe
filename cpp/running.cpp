#include "running.hpp"

namespace fallline {

// Three chains of additions at once: each waits for itself only. Compiled without contraction, for
// NumPy rounds the product before it adds it.
Running carried(Running sums, const double* errors, const double* weights, const double* norms,
                std::int64_t count, bool scaled) {
    for (std::int64_t i = 0; i < count; ++i) {
        const double term = scaled ? errors[i] * weights[i] : errors[i];
        sums.error += term;
        sums.weight += weights[i];
        sums.norm += norms[i];
    }
    return sums;
}

}  // namespace fallline
