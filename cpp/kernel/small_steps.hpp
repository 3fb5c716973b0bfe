// Steps of small work: rows gathered, forward, and the error. See cpp/small.hpp.

#pragma once

#include "small_parts.hpp"

namespace FALLLINE_NS {

template <class T>
class SmallSteps {
public:
    SmallSteps(const fallline::SmallModel& model, fallline::SmallRun<T>& run)
        : model_(model), run_(run), optimizer_(optimizer_of(model.optimizer)),
          loss_(*model.whole), corrections_(optimizer_), plain_(is_plain(loss_.spec, *model.whole)),
          single_(run.batch_size == 1 && optimizer_.kind == Optimizer::adam && !optimizer_.amsgrad &&
                  run.l1 == 0 && run.l2 == 0 && run.alpha == 0) {}

    std::int64_t take(std::int64_t first, std::int64_t last, fallline::Step* told) {
        if (single_) return take_single(first, last, told);
        const std::int64_t each = (run_.epoch + run_.batch_size - 1) / run_.batch_size;
        std::int64_t at = first / each * run_.epoch, end = at + run_.epoch;
        at += first % each * run_.batch_size;
        for (std::int64_t i = first; i < last; ++i, ++told) {
            *told = {};
            const std::int64_t length = end - at < run_.batch_size ? end - at : run_.batch_size;
            const double weight = gather(at, length);
            at += length;
            if (at == end) end += run_.epoch;
            if (weight == 0) continue;
            step(weight, run_.rates[i], *told);
            if (!told->finite) return i - first + 1;
        }
        return last - first;
    }

    // The error and the gradient of one batch, where it has rows; see small_evaluation.hpp.
    bool evaluate(std::int64_t first, double share, fallline::Step& told) {
        const std::int64_t left = run_.length - first;
        if (gather(first, left < run_.batch_size ? left : run_.batch_size) == 0) return false;
        scale_factors(share);
        forward();
        error(told);
        backward();
        return true;
    }

private:
    using Layer = fallline::SmallLayer;

    double gather(std::int64_t first, std::int64_t length);
    int take_rows(const std::int64_t* order, std::int64_t length);
    int take_narrow(const std::int64_t* order, std::int64_t length);
    void scale_factors(double by) const;
    void forward();
    void activate_rows(const Layer& layer);
    void plain_error(const Layer& layer, fallline::Step& told);
    void error(fallline::Step& told);
    void judged_error(fallline::Step& told);
    double counted(const T* e) const;
    void backward();
    void weight_gradient(int number);
    void bias_gradient(const Layer& layer);
    void back_to(const Layer& layer, const Layer& from);
    bool back_from_one(const Layer& layer, const Layer& from);
    void prepare_step(double rate);
    void step(double weight, double rate, fallline::Step& told);
    template <class Method>
    bool move(double l1, double l2, fallline::Step& told);
    std::int64_t take_single(std::int64_t first, std::int64_t last, fallline::Step* told);
    bool gather_single(std::int64_t at, double& weight);
    void forward_single();
    void back_single(const Layer& layer, const Layer& next);
    double back_and_move();
    void step_single(double weight, double rate, fallline::Step& told);
    void write_gradient();
    void finish(fallline::Step& told, bool sound);
    double safe_norm(bool& finite) const;
    bool sound_numbers() const;

    // Whether a squared norm is the sum of its squares: none of them overflowed, nor did all vanish.
    static bool is_safe(double squared) {
        return __builtin_isfinite(squared) && squared > (sizeof(T) == 8 ? 1e-280 : 1e-30);
    }

    // Whether it is the output layer of an error that takes the softmax itself.
    bool takes_softmax(const Layer& layer) const {
        return &layer == &model_.layers[model_.count - 1] && has_softmax_errors<T>(*model_.whole);
    }

    T* at(std::int64_t where) const { return run_.memory + where; }
    const T* before(int layer, std::int64_t& stride) const {
        stride = layer ? model_.layers[layer - 1].stride : model_.x_stride;
        return at(layer ? model_.layers[layer - 1].o : model_.x);
    }

    const fallline::SmallModel& model_;
    fallline::SmallRun<T>& run_;
    const OptimizerSpec optimizer_;
    LossRow loss_;
    Corrections<T> corrections_;
    StepScalars<T> shared_;
    double rate_ = __builtin_nan("");  // that `shared_` is prepared for
    const bool plain_;   // whether the error is the squared one of a single output
    const bool single_;  // whether steps are of one row each, under plain Adam; see small_single.hpp
    int n_ = 0;
};

// Copies the rows of a batch that have a weight, and notes what each counts in E; returns Σ s.
template <class T>
FALLLINE_INLINE double SmallSteps<T>::gather(std::int64_t first, std::int64_t length) {
    const std::int64_t *order = run_.order + first, left = run_.length - first;
    const std::int64_t ahead = left - length < length ? left - length : length;
    for (std::int64_t i = 0; i < ahead; ++i)
        __builtin_prefetch(run_.X.data + order[length + i] * run_.X.row_stride);
    const bool narrow = has_masks && run_.X.column_stride == sizeof(T) &&
                        model_.layers[0].fan_in <= lanes<T> && model_.whole->targets == 1;
    n_ = narrow ? take_narrow(order, length) : take_rows(order, length);
    double total = 0;
    for (int r = 0; r < n_; ++r) total += run_.factors[r];
    if (!run_.sums) scale_factors(1 / total);
    return total;
}

template <class T>
int SmallSteps<T>::take_rows(const std::int64_t* order, std::int64_t length) {
    const int inputs = model_.layers[0].fan_in, targets = model_.whole->targets;
    const fallline::Matrix X = run_.X, Y = run_.Y;  // copies: stores might change what is not one
    const char* weights = run_.weights;
    const std::int64_t weight_stride = run_.weight_stride;
    const std::ptrdiff_t stride = model_.x_stride;
    T *x = at(model_.x), *y = at(model_.y);
    double* const factors = run_.factors;
    int n = 0;
    for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t row = order[i];
        const double weight = number_of<T>(weights + row * weight_stride);
        if (weight == 0) continue;
        take_row(X, row, inputs, x);
        x += stride;
        const char* target = Y.data + row * Y.row_stride;
        for (int j = 0; j < targets; ++j) *y++ = number_of<T>(target + j * Y.column_stride);
        factors[n++] = weight;
    }
    return n;
}

// The same where a row is one vector, and its target one number.
template <class T>
FALLLINE_INLINE int SmallSteps<T>::take_narrow(const std::int64_t* order, std::int64_t length) {
    const int inputs = model_.layers[0].fan_in;
    const fallline::Matrix X = run_.X, Y = run_.Y;
    const char* weights = run_.weights;
    const std::int64_t weight_stride = run_.weight_stride;
    T *const x = at(model_.x), *const y = at(model_.y);
    double* const factors = run_.factors;
    int n = 0;
    for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t row = order[i];
        const T weight = number_of<T>(weights + row * weight_stride);
        store_aligned(x + n * lanes<T>,
                      load_part(reinterpret_cast<const T*>(X.data + row * X.row_stride), inputs));
        y[n] = number_of<T>(Y.data + row * Y.row_stride);
        factors[n] = weight;
        n += weight != 0;
    }
    return n;
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::scale_factors(double by) const {
    double* const factors = run_.factors;
    if (n_ == 1) factors[0] *= by;
    else
        by_vector<double>(n_, [&](std::ptrdiff_t r, int n) {
            store_some(factors + r, load_some(factors + r, n) * by, n);
        });
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::activate_rows(const Layer& layer) {
    T *h = at(layer.h), *o = at(layer.o);
    if (!activate_usual(layer.activation, h, o, n_ * layer.stride))
        activate(ActivationRow(layer.activation).spec, h, o, n_, layer.size, layer.stride);
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::forward() {
    for (int i = 0; i < model_.count; ++i) {
        const Layer& layer = model_.layers[i];
        std::int64_t stride;
        const T* a = before(i, stride);
        const T* W = run_.theta + layer.weights;
        const T* biases = layer.biases < 0 ? nullptr : run_.theta + layer.biases;
        T* h = at(layer.h);
        if (layer.narrow) {
            for (int j = 0; j < layer.size; ++j) {
                small_dots(a, stride, n_, W + j * layer.across, static_cast<int>(layer.across),
                           biases ? biases[j] : T(0), h + j, layer.stride);
            }
        } else {
            small_times(a, stride, n_, layer.fan_in, W, layer.across,
                        static_cast<int>(layer.stride), biases, h, layer.stride);
        }
        if (!layer.linear && !takes_softmax(layer)) activate_rows(layer);
        for (int r = 0; layer.size < layer.stride && r < n_; ++r)  // gradients are taken of these too
            for (std::ptrdiff_t j = layer.size; j < layer.stride; ++j)
                at(layer.o)[r * layer.stride + j] = 0;
    }
}

// Σ of the rows' errors, each times what it counts.
template <class T>
FALLLINE_INLINE double SmallSteps<T>::counted(const T* e) const {
    double sums[4] = {};
    int r = 0;
    for (; r + 4 <= n_; r += 4)
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) sums[c] += run_.factors[r + c] * double(e[r + c]);
    for (; r < n_; ++r) sums[0] += run_.factors[r] * double(e[r]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// The squared error of a single output, the commonest of all, in registers. A single row is loaded by
// numbers: a vector would have to wait until they are in the cache.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::plain_error(const Layer& layer, fallline::Step& told) {
    const T *y = at(model_.y), *h = at(layer.h);
    T* d = at(layer.d);
    if (n_ == 1) {
        const Vec<T> target = y[0], x = h[0], count = T(run_.factors[0]);
        told.error = run_.factors[0] * double(Squares<T>{}.each(target, x)[0]);
        store(d, Squares<T>{}.slope(target, x, x) * count);
    } else {
        Vec<double> total = all<double>(0);
        by_vector<T>(n_, [&](std::ptrdiff_t r, int n) {
            const Vec<T> target = load_some(y + r, n), x = load_some(h + r, n);
            const Counts<T> counts(run_.factors + r, n);
            total += counts.times(Squares<T>{}.each(target, x));
            store_some(d + r, Squares<T>{}.slope(target, x, x) * counts.rounded(), n);
        });
        told.error = sum(total);
    }
    told.reported = told.error;
}

// E, and its slope by the output's net inputs in d.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::error(fallline::Step& told) {
    const Layer& layer = model_.layers[model_.count - 1];
    if (plain_ && layer.linear) plain_error(layer, told);
    else judged_error(told);
}

template <class T>
void SmallSteps<T>::judged_error(fallline::Step& told) {
    const Layer& layer = model_.layers[model_.count - 1];
    const fallline::Model& whole = *model_.whole;
    T* d = at(layer.d);
    const Judged<T> judged{at(model_.y), at(layer.h), at(layer.o), n_, layer.size, whole.targets,
                           whole.targets, layer.stride};
    LossSpec& spec = loss_.spec;
    T* e = at(model_.e);
    if (takes_softmax(layer)) {
        T* reported = at(layer.o);  // no output needs the place
        softmax_errors(spec, judged, run_.factors, e, reported, d);
        told.error = counted(e);
        told.reported = spec.clip > 0 ? counted(reported) : told.error;
    } else {
        loss_rows(spec, judged, e);
        told.error = told.reported = counted(e);
        if (spec.clip > 0) {
            const double clip = spec.clip;
            spec.clip = 0;
            loss_rows(spec, judged, e);
            told.error = counted(e);
            loss_slope(spec, judged, d);
            spec.clip = clip;
        } else {
            loss_slope(spec, judged, d);
        }
        if (!whole.fused && !layer.linear)
            activate_back(ActivationRow(layer.activation).spec, judged.h, judged.o, d, n_, layer.size,
                          layer.stride);
        for (int r = 0; r < n_; ++r)
            for (int j = 0; j < layer.size; ++j) d[r * layer.stride + j] *= T(run_.factors[r]);
    }
    for (int r = 0; layer.size < layer.stride && r < n_; ++r)
        for (std::ptrdiff_t j = layer.size; j < layer.stride; ++j) d[r * layer.stride + j] = 0;
}

}  // namespace FALLLINE_NS
