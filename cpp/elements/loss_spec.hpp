// What an error is, and of what it is computed.

#pragma once

#include "expression.hpp"

namespace FALLLINE_NS {

enum class Loss {
    sse, squared_error, mae, huber, log_cosh, quantile,
    poisson, gamma, gaussian_likelihood,
    binary_cross_entropy, cross_entropy, hinge,
    expression,
};

// What the error is. An expression has programs of e and of its slope, in yhat (0) and y (1).
struct LossSpec {
    Loss kind = Loss::squared_error;
    double delta = 1;                      // of huber
    double smoothing = 0, clip = 0;        // of the cross-entropies; clip 0: none
    const double* levels = nullptr;        // of quantile
    std::ptrdiff_t level_count = 1;
    const double* output_weights = nullptr;  // one for each target, or none
    std::ptrdiff_t weight_count = 0;
    const Program* value = nullptr;
    const Program* slope = nullptr;
    // Whether the output activation is the one that the error is fused with: logistic, softmax,
    // exp, mean_variance. Errors and slopes are then computed from h.
    bool pair = false;
};

// n rows of k outputs and of their targets; each array has its own way from row to row.
template <class T>
struct Judged {
    const T* y;
    const T* h;  // net inputs of the output layer
    const T* o;  // its outputs
    std::ptrdiff_t rows, k, targets;
    std::ptrdiff_t y_stride, stride;  // of y; of h, o and the slope

    bool dense() const { return y_stride == targets && stride == k; }
};

}  // namespace FALLLINE_NS
