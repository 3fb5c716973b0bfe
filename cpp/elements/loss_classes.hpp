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

// The same of n rows side by side, a row a lane, from outputs.
template <class T>
class Distributions {
public:
    Distributions(const LossSpec& spec, const Judged<T>& at, std::ptrdiff_t row, int n)
        : k_(at.k), stride_(at.stride), n_(n),
          labels_(spec.smoothing, spec.clip, static_cast<double>(at.k)) {
        load_columns(at.y + row * at.y_stride, at.y_stride, n, k_, y_);
        for (std::ptrdiff_t j = 0; spec.smoothing > 0 && j < k_; ++j) y_[j] = labels_.meant(y_[j]);
        for (std::ptrdiff_t j = 0; spec.output_weights && j < k_; ++j)
            y_[j] = y_[j] * static_cast<T>(spec.output_weights[j]);
    }
    void take_outputs(const T* o) { load_columns(o, stride_, n_, k_, o_); }

    // Of targets that are one class each, one logarithm a row is all that counts.
    Vec<T> from_output() const {
        const Vec<T> zero = all<T>(0), one = all<T>(1);
        Vec<T> error = zero, count = zero, share = zero, yhat = one;
        for (std::ptrdiff_t j = 0; j < k_; ++j) {
            const Vec<T> y = y_[j], o = labels_.held(o_[j]);
            const Mask<T> absent = y == zero;
            error += select(absent, zero * o, zero);  // NaN stays
            count += select(absent, zero, one);
            share = select(absent, share, y);
            yhat = select(absent, yhat, o);
        }
        if (!any(count > one)) return -(error + x_log_y(share, yhat));
        error = zero;
        for (std::ptrdiff_t j = 0; j < k_; ++j) error += x_log_y(y_[j], labels_.held(o_[j]));
        return -error;
    }

    void slope_in_output(T* slope) const {
        Vec<T> found[narrow_width<T>];
        for (std::ptrdiff_t j = 0; j < k_; ++j) found[j] = -x_over_y(y_[j], o_[j]);
        store_columns(found, slope, stride_, n_, k_);
    }

protected:
    std::ptrdiff_t k_, stride_;
    int n_;
    Labels<T> labels_;
    Vec<T> o_[narrow_width<T>];
    Vec<T> y_[narrow_width<T>];  // the targets as they are meant: smoothed and weighted
};

// The same from net inputs, of which it takes the softmax first.
template <class T>
class SoftmaxRows : public Distributions<T> {
public:
    SoftmaxRows(const LossSpec& spec, const Judged<T>& at, std::ptrdiff_t row, int n)
        : Distributions<T>(spec, at, row, n) {
        load_columns(at.h + row * at.stride, at.stride, n, this->k_, h_);
        Vec<T> largest = h_[0];
        for (std::ptrdiff_t j = 1; j < this->k_; ++j) {
            const Mask<T> greater = (h_[j] > largest) | is_nan(h_[j]);
            largest = select(greater, h_[j], largest);
            top_ = greater.v ? Integers<T>{} + static_cast<Integer<T>>(j) : top_;
        }
        Vec<T> others = all<T>(0);
        for (std::ptrdiff_t j = 0; j < this->k_; ++j) {
            h_[j] = h_[j] - largest;
            this->o_[j] = exp(h_[j]);
            others += select(is_top(j), all<T>(0), this->o_[j]);
        }
        log_sum_ = log1p(others);
        const Vec<T> share = all<T>(1) / (others + all<T>(1));
        for (std::ptrdiff_t j = 0; j < this->k_; ++j) this->o_[j] = this->o_[j] * share;
        others_ = others * share;
    }

    Vec<T> from_net_input() const {
        Vec<T> error = all<T>(0);
        for (std::ptrdiff_t j = 0; j < this->k_; ++j) error += this->y_[j] * (log_sum_ - h_[j]);
        return error;
    }

    // Times what each row counts.
    void slope_in_net_input(Vec<T> counts, T* slope) const {
        Vec<T> total = all<T>(0), found[narrow_width<T>];
        for (std::ptrdiff_t j = 0; j < this->k_; ++j) total += this->y_[j];
        for (std::ptrdiff_t j = 0; j < this->k_; ++j) {
            const Vec<T> o = this->o_[j], y = this->y_[j];
            const Vec<T> lacking = select(is_top(j), others_, all<T>(1) - o);
            found[j] = (o * (total - y) - y * lacking) * counts;
        }
        store_columns(found, slope, this->stride_, this->n_, this->k_);
    }

private:
    FALLLINE_INLINE Mask<T> is_top(std::ptrdiff_t j) const {
        return {top_ == static_cast<Integer<T>>(j)};
    }

    Vec<T> h_[narrow_width<T>];  // less the largest
    Vec<T> log_sum_, others_;    // the logarithm of Σ exp(h), and the share of all but the largest
    Integers<T> top_ = {};       // the column of the largest
};

// Errors of rows of so few classes, with the softmax that they are fused with, from net inputs: e; as they
// are reported, where that is clipped; and slopes times what each row counts, if asked.
template <class T>
[[gnu::noinline]] void softmax_errors(const LossSpec& spec, const Judged<T>& at,
                                      const double* counts, T* e, T* reported, T* slope) {
    by_vector<T>(at.rows, [&](std::ptrdiff_t row, int n) {
        const SoftmaxRows<T> of(spec, at, row, n);
        store_some(e + row, of.from_net_input(), n);
        if (spec.clip > 0) store_some(reported + row, of.from_output(), n);
        if (!slope) return;
        alignas(FALLLINE_VECTOR_BYTES) T count[lanes<T>] = {};
        for (int i = 0; i < n; ++i) count[i] = T(counts[row + i]);
        of.slope_in_net_input(load_aligned(count), slope + row * at.stride);
    });
}

}  // namespace FALLLINE_NS
