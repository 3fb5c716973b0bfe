// The cross-entropy of several classes: of a row, whose outputs belong together, or of narrow rows
// side by side.

#pragma once

#include "columns.hpp"
#include "loss_spec.hpp"
#include "loss_terms.hpp"

namespace FALLLINE_NS {

// Which lanes of a block that begins at column `first` are the column `which`.
template <class T>
FALLLINE_INLINE Mask<T> is_column(std::ptrdiff_t first, std::ptrdiff_t which) {
    Integers<T> number;
    for (int i = 0; i < lanes<T>; ++i) number[i] = i;
    const std::ptrdiff_t at = which - first;
    return {number == static_cast<Integer<T>>(at >= 0 && at < lanes<T> ? at : -1)};
}

// The column of the greatest value, the first of several; that of NaN where there is one.
template <class T>
inline std::ptrdiff_t greatest_column(const T* values, std::ptrdiff_t count) {
    const T greatest = greatest_of(values, count);
    std::ptrdiff_t j = 0;
    while (j < count - 1 && values[j] == values[j] && values[j] != greatest) ++j;
    return j;
}

template <class T>
class Distribution {
public:
    Distribution(const LossSpec& spec, const Judged<T>& at, std::ptrdiff_t row)
        : spec_(spec), y_(at.y + row * at.y_stride), h_(at.h + row * at.stride),
          o_(at.o + row * at.stride), k_(at.k),
          labels_(spec.smoothing, spec.clip, static_cast<double>(at.k)) {}

    // Minus the logarithm of softmax as log(1 + the sum over all but the largest): the log of the
    // whole sum would cancel for a confident, right unit.
    T from_net_input() const {
        const std::ptrdiff_t top = greatest_column(h_, k_);
        const Vec<T> largest(h_[top]);
        Vec<T> others = all<T>(0), error = all<T>(0);
        by_vector<T>(k_, [&](std::ptrdiff_t j, int n) {
            const Vec<T> e = exp(load_some(h_ + j, n) - largest);
            others += select(is_column<T>(j, top) | !first_of<T>(n), all<T>(0), e);
        });
        const Vec<T> log_sum = log1p(Vec<T>(sum(others)));
        by_vector<T>(k_, [&](std::ptrdiff_t j, int n) {
            error += meant(j, n) * (log_sum - present(load_some(h_ + j, n) - largest, n));
        });
        return sum(error);
    }

    T from_output() const {
        Vec<T> error = all<T>(0);
        by_vector<T>(k_, [&](std::ptrdiff_t j, int n) {
            const Vec<T> yhat = labels_.held(load_some(o_ + j, n));
            error += present(x_log_y(meant(j, n), yhat), n);
        });
        return -sum(error);
    }

    // o (sum y - y) - y (1 - o), where for the largest o, 1 - o is the sum of the others: nothing
    // cancels for a confident, right unit.
    void slope_in_net_input(T* slope) const {
        const std::ptrdiff_t top = greatest_column(o_, k_);
        Vec<T> others = all<T>(0), labels = all<T>(0);
        by_vector<T>(k_, [&](std::ptrdiff_t j, int n) {
            others += select(is_column<T>(j, top), all<T>(0), load_some(o_ + j, n));
            labels += meant(j, n);
        });
        const Vec<T> rest(sum(others)), total(sum(labels)), one = all<T>(1);
        by_vector<T>(k_, [&](std::ptrdiff_t j, int n) {
            const Vec<T> o = load_some(o_ + j, n), y = meant(j, n);
            const Vec<T> lacking = select(is_column<T>(j, top), rest, one - o);
            store_some(slope + j, o * (total - y) - y * lacking, n);
        });
    }

    void slope_in_output(T* slope) const {
        by_vector<T>(k_, [&](std::ptrdiff_t j, int n) {
            store_some(slope + j, -x_over_y(meant(j, n), load_some(o_ + j, n)), n);
        });
    }

private:
    // Lanes of columns, and 0 in those beyond the row.
    FALLLINE_INLINE static Vec<T> present(Vec<T> values, int n) {
        return n == lanes<T> ? values : select(first_of<T>(n), values, all<T>(0));
    }

    // What stands before each -log yhat: the target, smoothed and weighted.
    FALLLINE_INLINE Vec<T> meant(std::ptrdiff_t j, int n) const {
        Vec<T> y = load_some(y_ + j, n);
        if (spec_.smoothing > 0) y = labels_.meant(y);
        if (spec_.output_weights)
            for (int i = 0; i < n; ++i) y.v[i] *= static_cast<T>(spec_.output_weights[j + i]);
        return present(y, n);
    }

    const LossSpec& spec_;
    const T *y_, *h_, *o_;
    std::ptrdiff_t k_;
    Labels<T> labels_;
};

// The same of n rows side by side, a row a lane.
template <class T>
class Distributions {
public:
    Distributions(const LossSpec& spec, const Judged<T>& at, std::ptrdiff_t row, int n)
        : spec_(spec), y_(at.y + row * at.y_stride), h_(at.h + row * at.stride),
          o_(at.o + row * at.stride), k_(at.k), y_stride_(at.y_stride), stride_(at.stride), n_(n),
          labels_(spec.smoothing, spec.clip, static_cast<double>(at.k)) {}

    // As above; of what softmax left in o the exponentials need not be computed again.
    Vec<T> from_net_input() const {
        const Top top = greatest();
        const Vec<T> log_sum = log1p(top.others / top.value);
        Vec<T> largest = all<T>(0), error = all<T>(0);
        for (std::ptrdiff_t j = 0; j < k_; ++j) largest = select(top.is(j), of(h_, j), largest);
        for (std::ptrdiff_t j = 0; j < k_; ++j)
            error += meant(j) * (log_sum - (of(h_, j) - largest));
        return error;
    }

    // Of targets that are one class each, one logarithm a row is all that counts.
    Vec<T> from_output() const {
        const Vec<T> zero = all<T>(0), one = all<T>(1);
        Vec<T> error = zero, count = zero, share = zero, yhat = one;
        for (std::ptrdiff_t j = 0; j < k_; ++j) {
            const Vec<T> y = meant(j), o = labels_.held(of(o_, j));
            const Mask<T> absent = y == zero;
            error += select(absent, zero * o, zero);  // NaN stays
            count += select(absent, zero, one);
            share = select(absent, share, y);
            yhat = select(absent, yhat, o);
        }
        if (!any(count > one)) return -(error + x_log_y(share, yhat));
        error = zero;
        for (std::ptrdiff_t j = 0; j < k_; ++j)
            error += x_log_y(meant(j), labels_.held(of(o_, j)));
        return -error;
    }

    void slope_in_net_input(T* slope) const {
        const Top top = greatest();
        Vec<T> total = all<T>(0);
        for (std::ptrdiff_t j = 0; j < k_; ++j) total += meant(j);
        for (std::ptrdiff_t j = 0; j < k_; ++j) {
            const Vec<T> o = of(o_, j), y = meant(j);
            const Vec<T> lacking = select(top.is(j), top.others, all<T>(1) - o);
            store_apart(slope + j, stride_, o * (total - y) - y * lacking, n_);
        }
    }

    void slope_in_output(T* slope) const {
        for (std::ptrdiff_t j = 0; j < k_; ++j)
            store_apart(slope + j, stride_, -x_over_y(meant(j), of(o_, j)), n_);
    }

private:
    // The greatest output, its column, the first of several, and the sum of the others.
    struct Top {
        Vec<T> value, others;
        Integers<T> column;

        FALLLINE_INLINE Mask<T> is(std::ptrdiff_t j) const {
            return {column == static_cast<Integer<T>>(j)};
        }
    };

    FALLLINE_INLINE Top greatest() const {
        Top top{of(o_, 0), all<T>(0), {}};
        for (std::ptrdiff_t j = 1; j < k_; ++j) {
            const Vec<T> o = of(o_, j);
            const Mask<T> greater = o > top.value;
            top.others += select(greater, top.value, o);
            top.value = select(greater, o, top.value);
            top.column = greater.v ? Integers<T>{} + static_cast<Integer<T>>(j) : top.column;
        }
        return top;
    }

    FALLLINE_INLINE Vec<T> of(const T* values, std::ptrdiff_t j) const {
        return load_apart(values + j, stride_, n_);
    }

    FALLLINE_INLINE Vec<T> meant(std::ptrdiff_t j) const {
        Vec<T> y = load_apart(y_ + j, y_stride_, n_);
        if (spec_.smoothing > 0) y = labels_.meant(y);
        if (spec_.output_weights) y = y * static_cast<T>(spec_.output_weights[j]);
        return y;
    }

    const LossSpec& spec_;
    const T *y_, *h_, *o_;
    std::ptrdiff_t k_, y_stride_, stride_;
    int n_;
    Labels<T> labels_;
};

}  // namespace FALLLINE_NS
