// Small work as plain data: what the kernel's function of many steps is told. See small.hpp.

#pragma once

#include "kernel.hpp"

namespace fallline {

struct SmallLayer {
    int fan_in, size;
    bool narrow;          // weights unit by unit, (size, fan_in), rows of outputs without gaps
    std::int64_t across;  // from one row of weights to the next
    std::int64_t stride;  // from one row of net inputs, outputs and deltas to the next
    std::int64_t weights, biases;  // biases: -1 for none
    Row activation;
    bool joint, in_place;  // outputs take the place of net inputs, which nothing needs later
    bool linear;           // outputs are the net inputs
    std::int64_t h, o, d;  // of a step's memory, set for a number of rows
};

struct SmallModel {
    const Model* whole;
    const SmallLayer* layers;
    int count;
    std::int64_t numbers, weights;  // of all numbers, the first that are weights
    OptimizerRow optimizer;
    std::int64_t x, x_stride, y, e, transposed;  // of a step's memory
};

// One step, as it is told: its J is `error` + `penalty`, and reported as `reported` + `penalty`.
struct Step {
    double error = 0, reported = 0, penalty = 0, weight = 0, norm = 0;
    bool finite = true;
};

// Steps to take, and the state that they change.
template <class T>
struct SmallRun {
    T *theta, *gradient, *memory;
    T* arrays[4] = {};
    double* factors;  // a row's share in E
    OptimizerNumbers numbers;
    std::int64_t taken = 0;  // steps that moved θ
    Matrix X, Y;
    const char* weights;
    std::int64_t weight_stride;
    const std::int64_t* order;
    std::int64_t length, epoch, batch_size;  // no batch holds rows of two epochs
    const double* rates;
    bool sums;
    double l1, l2, alpha, clip_value, total_weight;
};

}  // namespace fallline
