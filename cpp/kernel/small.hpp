// Many steps of small work on end. See cpp/small.hpp.

#pragma once

#include "small_parts.hpp"

namespace FALLLINE_NS {

template <class T>
class SmallSteps {
public:
    SmallSteps(const fallline::SmallModel& model, fallline::SmallRun<T>& run)
        : model_(model), run_(run), optimizer_(optimizer_of(model.optimizer)),
          loss_(*model.whole), corrections_(optimizer_) {}

    std::int64_t take(std::int64_t first, std::int64_t last, fallline::Step* told) {
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
        for (int r = 0; r < n_; ++r) run_.factors[r] *= share;
        forward();
        error(told);
        backward();
        return true;
    }

private:
    using Layer = fallline::SmallLayer;

    double gather(std::int64_t first, std::int64_t length);
    void forward();
    void activate_rows(const Layer& layer);
    void error(fallline::Step& told);
    double counted() const;
    void backward();
    void bias_gradient(const Layer& layer);
    void back_to(const Layer& layer, const Layer& from);
    void prepare_step(double rate);
    void step(double weight, double rate, fallline::Step& told);
    template <class Method>
    bool move(Method method, double l1, double l2, fallline::Step& told);
    double safe_norm(bool& finite) const;

    T* at(std::int64_t where) const { return run_.memory + where; }
    const T* before(int layer, std::int64_t& stride) const {
        stride = layer ? model_.layers[layer - 1].stride : model_.x_stride;
        return at(layer ? model_.layers[layer - 1].o : model_.x);
    }

    const fallline::SmallModel& model_;
    fallline::SmallRun<T>& run_;
    const OptimizerSpec optimizer_;
    LossRow loss_;
    Corrections corrections_;
    StepScalars<T> shared_;
    double rate_ = __builtin_nan("");  // that `shared_` is prepared for
    int n_ = 0;
};

// Copies the rows of a batch that have a weight, and notes what each counts in E; returns Σ s.
template <class T>
FALLLINE_INLINE double SmallSteps<T>::gather(std::int64_t first, std::int64_t length) {
    const int inputs = model_.layers[0].fan_in, targets = model_.whole->targets;
    T *x = at(model_.x), *y = at(model_.y);
    double total = 0;
    n_ = 0;
    for (std::int64_t i = 0; i < length; ++i) {
        const std::int64_t row = run_.order[first + i];
        const double weight = number_of<T>(run_.weights + row * run_.weight_stride);
        if (weight == 0) continue;
        take_row(run_.X, row, inputs, x + n_ * model_.x_stride);
        const char* target = run_.Y.data + row * run_.Y.row_stride;
        for (int j = 0; j < targets; ++j)
            y[n_ * targets + j] = number_of<T>(target + j * run_.Y.column_stride);
        run_.factors[n_++] = weight;
        total += weight;
    }
    if (!run_.sums) {
        const double share = 1 / total;
        for (int r = 0; r < n_; ++r) run_.factors[r] *= share;
    }
    return total;
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::activate_rows(const Layer& layer) {
    T *h = at(layer.h), *o = at(layer.o);
    const T a = static_cast<T>(layer.activation.settings[0]);
    const std::ptrdiff_t count = n_ * layer.stride;
    const bool alone = with_usual_unit(layer.activation.kind, [&](auto unit) {
        for (std::ptrdiff_t i = 0; i < count; i += lanes<T>) store(o + i, unit.f(load(h + i), a));
    });
    if (!alone)
        activate(ActivationRow(layer.activation).spec, h, o, n_, layer.size, layer.stride);
    for (int r = 0; layer.size < layer.stride && r < n_; ++r)
        for (std::ptrdiff_t j = layer.size; j < layer.stride; ++j) o[r * layer.stride + j] = 0;
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
                small_dots(a, stride, n_, W + j * layer.across, static_cast<int>(layer.across), h + j,
                           layer.stride);
                if (biases)
                    for (int r = 0; r < n_; ++r) h[r * layer.stride + j] += biases[j];
            }
        } else {
            small_times(a, stride, n_, layer.fan_in, W, layer.across,
                        static_cast<int>(layer.stride), biases, h, layer.stride);
        }
        activate_rows(layer);
    }
}

// Σ of the rows' errors, each times what it counts.
template <class T>
FALLLINE_INLINE double SmallSteps<T>::counted() const {
    const T* e = at(model_.e);
    double sums[4] = {};
    int r = 0;
    for (; r + 4 <= n_; r += 4)
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) sums[c] += run_.factors[r + c] * double(e[r + c]);
    for (; r < n_; ++r) sums[0] += run_.factors[r] * double(e[r]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// E, and its slope by the output's net inputs in d.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::error(fallline::Step& told) {
    const Layer& layer = model_.layers[model_.count - 1];
    const fallline::Model& whole = *model_.whole;
    T* d = at(layer.d);
    const Judged<T> judged{at(model_.y), at(layer.h), at(layer.o), n_, layer.size, whole.targets,
                           whole.targets, layer.stride};
    LossSpec& spec = loss_.spec;
    loss_rows(spec, judged, at(model_.e));
    told.error = told.reported = counted();
    if (spec.clip > 0) {
        const double clip = spec.clip;
        spec.clip = 0;
        loss_rows(spec, judged, at(model_.e));
        told.error = counted();
        loss_slope(spec, judged, d);
        spec.clip = clip;
    } else {
        loss_slope(spec, judged, d);
    }
    if (!whole.fused)
        activate_back(ActivationRow(layer.activation).spec, judged.h, judged.o, d, n_, layer.size,
                      layer.stride);
    for (int r = 0; r < n_; ++r) {
        const T factor = T(run_.factors[r]);
        T* row = d + r * layer.stride;
        for (int j = 0; j < layer.size; ++j) row[j] *= factor;
        for (std::int64_t j = layer.size; j < layer.stride; ++j) row[j] = 0;
    }
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::bias_gradient(const Layer& layer) {
    constexpr int L = lanes<T>;
    const T* d = at(layer.d);
    T* g = run_.gradient + layer.biases;
    if (layer.stride == 1) {
        Vec<T> total = all<T>(0);
        by_vector<T>(n_, [&](std::ptrdiff_t r, int n) { total += load_some(d + r, n); });
        g[0] = in_all<T>(total.v)[0];
        return;
    }
    for (int column = 0; column < layer.size; column += L) {
        const int some = layer.stride - column < L ? static_cast<int>(layer.stride) - column : L;
        Vec<T> even = all<T>(0), odd = even;
        int r = 0;
        for (; r + 2 <= n_; r += 2) {
            even += load_some(d + r * layer.stride + column, some);
            odd += load_some(d + (r + 1) * layer.stride + column, some);
        }
        if (r < n_) even += load_some(d + r * layer.stride + column, some);
        store(g + column, even + odd);
    }
}

// The slope by a layer's net inputs, from the layer that it feeds.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::back_to(const Layer& layer, const Layer& from) {
    const int columns = static_cast<int>(layer.stride);
    const T* W = run_.theta + from.weights;
    T *d = at(layer.d), *delta = at(from.d);
    if (from.narrow) {
        small_times(delta, from.stride, n_, from.size, W, from.across, columns,
                    static_cast<const T*>(nullptr), d, layer.stride);
    } else if (n_ == 1) {
        small_dots(W, from.across, layer.size, delta, static_cast<int>(from.across), d, 1);
    } else {
        T* turned = at(model_.transposed);
        for (int i = 0; i < layer.size; ++i)
            for (int j = 0; j < from.size; ++j) turned[j * layer.stride + i] = W[i * from.across + j];
        small_times(delta, from.stride, n_, from.size, turned, layer.stride, columns,
                    static_cast<const T*>(nullptr), d, layer.stride);
    }
    const T *h = at(layer.h), *o = at(layer.o);
    const T a = static_cast<T>(layer.activation.settings[0]);
    const bool alone = with_usual_unit(layer.activation.kind, [&](auto unit) {
        for (std::ptrdiff_t i = 0; i < n_ * layer.stride; i += lanes<T>)
            store(d + i, load(d + i) * unit.slope(load(h + i), load(o + i), a));
    });
    if (!alone)
        activate_back(ActivationRow(layer.activation).spec, h, o, d, n_, layer.size, layer.stride);
    for (int r = 0; layer.size < layer.stride && r < n_; ++r)
        for (std::ptrdiff_t j = layer.size; j < layer.stride; ++j) d[r * layer.stride + j] = 0;
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::backward() {
    for (int i = model_.count - 1; i >= 0; --i) {
        const Layer& layer = model_.layers[i];
        std::int64_t stride;
        const T* a = before(i, stride);
        T* g = run_.gradient + layer.weights;
        if (layer.narrow)
            small_outer(at(layer.d), layer.stride, layer.size, n_, a, stride,
                        static_cast<int>(layer.across), g, layer.across);
        else
            small_outer(a, stride, layer.fan_in, n_, at(layer.d), layer.stride,
                        static_cast<int>(layer.across), g, layer.across);
        if (layer.biases >= 0) bias_gradient(layer);
        if (i > 0) back_to(model_.layers[i - 1], layer);
    }
}

// --- moving ----------------------------------------------------------------------------------

// What all entries of the step share, and the optimizer's numbers after it.
template <class T>
FALLLINE_INLINE void SmallSteps<T>::prepare_step(double rate) {
    const bool adam = optimizer_.kind == Optimizer::adam || optimizer_.kind == Optimizer::adamw;
    StateScalars state{run_.numbers.t, run_.numbers.product};
    if (rate != rate_ || !adam) {
        if (rate == rate_ && !counts_steps(optimizer_)) return;
        shared_ = prepare<T>(optimizer_, state, rate);
        rate_ = rate;
    } else {
        state.t = static_cast<T>(state.t + 1);
    }
    if (adam) {
        corrections_.template next<T>(state.t);
        correct_adam(optimizer_, corrections_.of_mean(), corrections_.of_square(),
                     double(static_cast<T>(rate)), shared_);
    }
    run_.numbers = {state.t, state.product};
}

// ‖g‖ where squares overflow or vanish.
template <class T>
double SmallSteps<T>::safe_norm(bool& finite) const {
    double largest = 0, scaled = 0;
    for (std::int64_t i = 0; i < model_.numbers; ++i) {
        const double size = __builtin_fabs(double(run_.gradient[i]));
        if (!__builtin_isfinite(size)) {
            finite = false;
            return size;
        }
        if (size > largest) largest = size;
    }
    if (largest == 0) return 0;
    for (std::int64_t i = 0; i < model_.numbers; ++i) {
        const double share = double(run_.gradient[i]) / largest;
        scaled += share * share;
    }
    return __builtin_sqrt(scaled) * largest;
}

// Penalties, norm and the optimizer's step in one pass; returns whether all stayed finite.
template <class T>
template <class Method>
FALLLINE_INLINE bool SmallSteps<T>::move(Method method, double l1, double l2,
                                         fallline::Step& told) {
    constexpr int count = Method::arrays, L = lanes<T>;
    const Vec<T> most = all<T>(run_.clip_value);
    const bool clips = run_.clip_value > 0;
    StepScalars<T> shared = shared_;
    SmallSums<T> sums;
    std::int64_t i = 0;
    for (const bool weights : {true, false}) {
        const bool penalized = weights && (l1 != 0 || l2 != 0);
        if (!weights) shared.decay = 0;
        for (const std::int64_t end = weights ? model_.weights : model_.numbers; i < end; i += L) {
            const Vec<T> w = load_aligned(run_.theta + i);
            Vec<T> g = load_aligned(run_.gradient + i), a[count + 1];
            if (penalized) {
                if (l1 != 0) {
                    g = g + all<T>(l1) * sign(w);
                    sums.sizes.add(abs(w));
                }
                if (l2 != 0) {
                    g = g + all<T>(l2) * w;
                    sums.halves.add_square(w);
                }
                store_aligned(run_.gradient + i, g);
            }
            sums.squares += g * g;
            if (clips) g = clamp(g, -most, most);
            for (int j = 0; j < count; ++j) a[j] = load_aligned(run_.arrays[j] + i);
            const Vec<T> moved = w + method.step(shared, g, w, all<T>(1), a);
            store_aligned(run_.theta + i, moved);
            sums.sound += moved * all<T>(0);
            for (int j = 0; j < count; ++j) {
                store_aligned(run_.arrays[j] + i, a[j]);
                sums.sound += a[j] * all<T>(0);
            }
        }
    }
    return sums.tell(l1, l2, told);
}

template <class T>
FALLLINE_INLINE void SmallSteps<T>::step(double weight, double rate, fallline::Step& told) {
    told.weight = weight;
    forward();
    error(told);
    backward();
    prepare_step(rate);
    const double share = run_.sums ? weight / run_.total_weight : 1.0;
    const double l1 = run_.l1 * share;
    const double l2 = run_.l2 * share + (run_.alpha != 0 ? run_.alpha / weight : 0);
    const bool sound =
        with_method(optimizer_, [&](auto method) { return move(method, l1, l2, told); });
    constexpr double least = sizeof(T) == 8 ? 1e-280 : 1e-30;
    if (__builtin_isfinite(told.norm) && told.norm > least) told.norm = __builtin_sqrt(told.norm);
    else told.norm = safe_norm(told.finite);
    told.finite = told.finite && __builtin_isfinite(told.error + told.penalty) && sound &&
                  __builtin_isfinite(run_.numbers.t) && __builtin_isfinite(run_.numbers.product);
    ++run_.taken;
}

template <class T>
std::int64_t small_steps(const fallline::SmallModel& model, fallline::SmallRun<T>& run,
                         std::int64_t first, std::int64_t last, fallline::Step* told) {
    SmallSteps<T> steps(model, run);
    return steps.take(first, last, told);
}

}  // namespace FALLLINE_NS
