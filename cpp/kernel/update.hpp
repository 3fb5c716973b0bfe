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

template <class T>
fallline::OptimizerNumbers prepare_step(fallline::Update<T>& job, fallline::OptimizerNumbers before,
                                        double rate) {
    StateScalars state{before.t, before.product};
    const StepScalars<T> shared = prepare<T>(optimizer_of(job.optimizer), state, rate);
    static_assert(sizeof shared <= sizeof job.shared);
    std::memcpy(job.shared, &shared, sizeof shared);
    return {state.t, state.product};
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

// An optimizer and the numbers that all weights share in a step, or all biases.
template <class T>
struct Stepping {
    OptimizerSpec spec;
    StepScalars<T> shared;

    Stepping(const fallline::Update<T>& job, bool weights) : spec(optimizer_of(job.optimizer)) {
        std::memcpy(&shared, job.shared, sizeof shared);
        if (!weights) shared.decay = 0;  // biases do not decay
    }
};

// What a step moves that begins `first` numbers behind those of the job, by gradients that lie elsewhere.
template <class T>
FALLLINE_INLINE Moved<T> moved_by(const Stepping<T>& stepping, const fallline::Update<T>& job,
                                  const T* gradient, std::int64_t first = 0) {
    Moved<T> moved{&stepping.shared, job.theta + first, gradient, {}, {}};
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
    const Stepping<T> stepping(job, range.weights);
    return update_finished(stepping.spec, moved_by(stepping, job, job.gradient), range.begin,
                           range.end, finished);
}

}  // namespace FALLLINE_NS
