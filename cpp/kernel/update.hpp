// An optimizer's step over a range of the padded vector.

#pragma once

#include "../elements/optimizers.hpp"
#include "finish.hpp"

namespace FALLLINE_NS {

FALLLINE_INLINE OptimizerSpec optimizer_of(const fallline::OptimizerRow& row) {
    OptimizerSpec spec;
    spec.kind = static_cast<Optimizer>(row.kind);
    spec.dialect = static_cast<Dialect>(row.dialect);
    double* const to[] = {&spec.learning_rate, &spec.momentum,     &spec.epsilon, &spec.start,
                          &spec.decay,         &spec.beta1,        &spec.beta2,   &spec.weight_decay,
                          &spec.psi,           &spec.shrink,       &spec.grow,    &spec.least,
                          &spec.most};
    int i = 0;
    for (double* setting : to) *setting = row.settings[i++];
    spec.nesterov = row.settings[i++] != 0;
    spec.centered = row.settings[i++] != 0;
    spec.amsgrad = row.settings[i++] != 0;
    return spec;
}

inline int arrays_of(const fallline::OptimizerRow& row, const char** names) {
    StateArray arrays[4];
    const int count = state_arrays(optimizer_of(row), arrays);
    for (int i = 0; i < count; ++i) names[i] = arrays[i].name;
    return count;
}

// An optimizer and the numbers that all weights share in a step, and those of the biases.
template <class T>
struct Stepping {
    OptimizerSpec spec;
    StepScalars<T> weights, biases;

    FALLLINE_INLINE const StepScalars<T>& of(bool is_weights) const {
        return is_weights ? weights : biases;
    }
};

// Notes in the job what all of its parts share.
template <class T>
fallline::OptimizerNumbers prepare_step(fallline::Update<T>& job, fallline::OptimizerNumbers before,
                                        double rate) {
    StateScalars state{before.t, before.product};
    Stepping<T> stepping{optimizer_of(job.optimizer), {}, {}};
    stepping.weights = stepping.biases = prepare<T>(stepping.spec, state, rate);
    stepping.biases.decay = 0;
    static_assert(sizeof stepping <= sizeof job.shared && alignof(Stepping<T>) <= alignof(double));
    std::memcpy(job.shared, &stepping, sizeof stepping);
    return {state.t, state.product};
}

template <class T>
FALLLINE_INLINE const Stepping<T>& stepping_of(const fallline::Update<T>& job) {
    return *reinterpret_cast<const Stepping<T>*>(job.shared);
}

template <class T>
void clip(const fallline::Update<T>& job, const fallline::Range& range) {
    const Vec<T> most = all<T>(job.clip_value), shrink = all<T>(job.shrink);
    for (std::int64_t i = range.begin; i < range.end; i += lanes<T>) {
        Vec<T> g = load(job.gradient + i);
        if (job.clip_value > 0) g = clamp(g, -most, most);
        store(job.gradient + i, g * shrink);
    }
}

// What a step moves that begins `first` numbers behind those of the job, by gradients that lie elsewhere.
template <class T>
FALLLINE_INLINE Moved<T> moved_by(const fallline::Update<T>& job, bool weights, const T* gradient,
                                  std::int64_t first = 0) {
    Moved<T> moved{&stepping_of(job).of(weights), job.theta + first, gradient, {}, {}};
    for (int i = 0; i < 4; ++i) moved.arrays[i] = job.arrays[i] ? job.arrays[i] + first : nullptr;
    if (job.moves) moved.which.moves = job.moves + first;
    return moved;
}

// Finishes gradients, and takes the optimizer's step: not inlined, as it is long.
template <class T>
[[gnu::noinline]] bool update_finished(const OptimizerSpec& spec, const Moved<T>& moved,
                                       std::int64_t begin, std::int64_t end,
                                       Finishing<T>& finishing) {
    return update(spec, moved, begin, end, finishing);
}

template <class T>
bool update_range(const fallline::Update<T>& job, const fallline::Range& range) {
    if (job.clip_value > 0 || job.shrink != 1) clip(job, range);
    Finishing<T> finished({}, range, true);
    return update_finished(stepping_of(job).spec, moved_by(job, range.weights, job.gradient),
                           range.begin, range.end, finished);
}

}  // namespace FALLLINE_NS
