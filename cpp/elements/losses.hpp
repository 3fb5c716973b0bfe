// Errors of a batch: e of each row, and its slope in each output.

#pragma once

#include "layers.hpp"
#include "loss_classes.hpp"
#include "loss_terms.hpp"

namespace FALLLINE_NS {

// --- driving ---------------------------------------------------------------------------------

inline constexpr std::ptrdiff_t piece = 256;  // values between terms and sums

// What a value counts that stands in column j of m.
inline double weight_of(const LossSpec& spec, std::ptrdiff_t j, std::ptrdiff_t m) {
    return spec.output_weights[j / (m / spec.weight_count)];
}

template <class T>
inline T weighted_sum(const LossSpec& spec, const T* values, std::ptrdiff_t first,
                      std::ptrdiff_t count, std::ptrdiff_t m, T sum) {
    for (std::ptrdiff_t i = 0; i < count; ++i)
        sum += spec.output_weights ? values[i] * T(weight_of(spec, first + i, m)) : values[i];
    return sum;
}

// e[row] = the sum of its m terms; fill(row, first, count, out) computes some from column `first`
// on, of several whole rows where there are no gaps.
template <class T, class Fill>
inline void sum_terms(const LossSpec& spec, const Judged<T>& at, std::ptrdiff_t m, T* e,
                      Fill&& fill) {
    const bool alone = m == 1 && at.dense() && !spec.output_weights;  // a term is the row's error
    alignas(FALLLINE_VECTOR_BYTES) T terms[piece];
    const std::ptrdiff_t most = alone ? at.rows : piece;
    const std::ptrdiff_t together = at.dense() && m <= most ? most / m : 1;
    for (std::ptrdiff_t row = 0; row < at.rows; row += together) {
        const std::ptrdiff_t some = together < at.rows - row ? together : at.rows - row;
        for (std::ptrdiff_t first = 0; first < m; first += most) {
            const std::ptrdiff_t left = some * (m - first);
            const std::ptrdiff_t count = left < most ? left : most;
            fill(row, first, count, alone ? e : terms);
            if (alone) return;
            if (first > 0 || count < some * m) {  // a row of several pieces
                e[row] = weighted_sum(spec, terms, first, count, m, first > 0 ? e[row] : T(0));
                continue;
            }
            for (std::ptrdiff_t i = 0; i < some; ++i)
                e[row + i] = weighted_sum(spec, terms + i * m, 0, m, m, T(0));
        }
    }
}

template <class T>
inline void weigh(const LossSpec& spec, const Judged<T>& at, T* slope) {
    if (!spec.output_weights) return;
    for (std::ptrdiff_t row = 0; row < at.rows; ++row)
        for (std::ptrdiff_t j = 0; j < at.k; ++j)
            slope[row * at.stride + j] *= T(weight_of(spec, j, at.k));
}

// Calls body(first_y, first, count) for each row, or once for all rows where there are no gaps.
template <class T, class Body>
FALLLINE_INLINE void over_rows(const Judged<T>& at, Body&& body) {
    const bool whole = at.dense();
    const std::ptrdiff_t rows = whole ? 1 : at.rows, count = whole ? at.rows * at.k : at.k;
    for (std::ptrdiff_t row = 0; row < rows; ++row)
        body(row * at.y_stride, row * at.stride, count);
}

// What an elementwise term is a function of: h where it is fused, else the outputs.
template <class T>
inline const T* argument(const LossSpec& spec, const Judged<T>& at) {
    return spec.pair ? at.h : at.o;
}

template <class T, class Term>
inline void values_of(const Term& term, const LossSpec& spec, const T* from, const Judged<T>& at,
                      T* e) {
    sum_terms(spec, at, at.k, e,
              [&](std::ptrdiff_t row, std::ptrdiff_t first, std::ptrdiff_t count, T* out) {
        const T *y = at.y + row * at.y_stride + first, *x = from + row * at.stride + first;
        by_vector<T>(count, [&](std::ptrdiff_t i, int n) {
            store_some(out + i, term.each(load_some(y + i, n), load_some(x + i, n)), n);
        });
    });
}

template <class T, class Term>
inline void slopes_of(const Term& term, const LossSpec& spec, const Judged<T>& at, T* slope) {
    const T* from = argument(spec, at);
    over_rows(at, [&](std::ptrdiff_t first_y, std::ptrdiff_t first, std::ptrdiff_t count) {
        by_vector<T>(count, [&](std::ptrdiff_t i, int n) {
            const Vec<T> x = load_some(from + first + i, n), o = load_some(at.o + first + i, n);
            store_some(slope + first + i, term.slope(load_some(at.y + first_y + i, n), x, o), n);
        });
    });
    weigh(spec, at, slope);
}

// --- several outputs a target ------------------------------------------------------------------

// Calls body(y, x, level, n) for vectors of a row's outputs from column `first` on.
template <class T, class Body>
FALLLINE_INLINE void over_levels(const LossSpec& spec, const Judged<T>& at, std::ptrdiff_t row,
                                 std::ptrdiff_t first, std::ptrdiff_t count, Body&& body) {
    by_vector<T>(count, [&](std::ptrdiff_t i, int n) {
        alignas(FALLLINE_VECTOR_BYTES) T y[lanes<T>] = {}, level[lanes<T>] = {};
        for (int lane = 0; lane < n; ++lane) {
            const std::ptrdiff_t j = first + i + lane, column = j % at.k;
            const std::ptrdiff_t target = (row + j / at.k) * at.y_stride;
            y[lane] = at.y[target + column / spec.level_count];
            level[lane] = static_cast<T>(spec.levels[column % spec.level_count]);
        }
        const Vec<T> x = load_some(at.o + row * at.stride + first + i, n);
        body(i, load_aligned(y), x, load_aligned(level), n);
    });
}

template <class T>
inline void quantile_values(const LossSpec& spec, const Judged<T>& at, T* e) {
    sum_terms(spec, at, at.k, e,
              [&](std::ptrdiff_t row, std::ptrdiff_t first, std::ptrdiff_t count, T* out) {
        over_levels(spec, at, row, first, count,
                    [&](std::ptrdiff_t i, Vec<T> y, Vec<T> x, Vec<T> level, int n) {
            store_some(out + i, Quantile<T>{}.each(y, x, level), n);
        });
    });
}

template <class T>
inline void quantile_slopes(const LossSpec& spec, const Judged<T>& at, T* slope) {
    for (std::ptrdiff_t row = 0; row < at.rows; ++row) {
        over_levels(spec, at, row, 0, at.k,
                    [&](std::ptrdiff_t i, Vec<T> y, Vec<T> x, Vec<T> level, int n) {
            store_some(slope + row * at.stride + i, Quantile<T>{}.slope(y, x, level), n);
        });
    }
    weigh(spec, at, slope);
}

// n pairs of neighbours, even and odd ones apart.
template <class T>
struct Halves {
    alignas(FALLLINE_VECTOR_BYTES) T even[lanes<T>] = {}, odd[lanes<T>] = {};

    Halves() = default;
    Halves(const T* pairs, int n) {
        for (int i = 0; i < n; ++i) even[i] = pairs[2 * i], odd[i] = pairs[2 * i + 1];
    }
    void store_to(T* pairs, int n) const {
        for (int i = 0; i < n; ++i) pairs[2 * i] = even[i], pairs[2 * i + 1] = odd[i];
    }
};

template <class T, class Term>
inline void gaussian_values(const Term& term, const LossSpec& spec, const Judged<T>& at, T* e) {
    sum_terms(spec, at, at.targets, e,
              [&](std::ptrdiff_t row, std::ptrdiff_t first, std::ptrdiff_t count, T* out) {
        const T* y = at.y + row * at.y_stride + first;
        const T* x = argument(spec, at) + row * at.stride + 2 * first;
        by_vector<T>(count, [&](std::ptrdiff_t i, int n) {
            const Halves<T> of(x + 2 * i, n);
            const Vec<T> mean = load_aligned(of.even), other = load_aligned(of.odd);
            store_some(out + i, term.each(load_some(y + i, n), mean, other), n);
        });
    });
}

template <class T, class Term>
inline void gaussian_slopes(const Term& term, const LossSpec& spec, const Judged<T>& at, T* slope) {
    over_rows(at, [&](std::ptrdiff_t first_y, std::ptrdiff_t first, std::ptrdiff_t count) {
        const T *y = at.y + first_y, *x = argument(spec, at) + first;
        by_vector<T>(count / 2, [&](std::ptrdiff_t i, int n) {
            const Halves<T> of(x + 2 * i, n);
            const Vec<T> mean = load_aligned(of.even), other = load_aligned(of.odd);
            const Vec<T> target = load_some(y + i, n);
            Halves<T> found;
            store_aligned(found.even, term.first(target, mean, other));
            store_aligned(found.odd, term.second(target, mean, other));
            found.store_to(slope + first + 2 * i, n);
        });
    });
    weigh(spec, at, slope);
}

// --- the table -------------------------------------------------------------------------------

// Calls visit(term) with the elementwise term of an error; returns whether there is one.
template <class T, class Visit>
FALLLINE_INLINE bool with_term(const LossSpec& spec, Visit&& visit) {
    const Labels<T> labels(spec.smoothing, spec.clip, 2);
    switch (spec.kind) {
        case Loss::sse: case Loss::squared_error: visit(Squares<T>{}); return true;
        case Loss::mae: visit(Absolute<T>{}); return true;
        case Loss::huber: visit(Huber<T>(spec.delta)); return true;
        case Loss::log_cosh: visit(LogCosh<T>{}); return true;
        case Loss::hinge: visit(Hinge<T>{}); return true;
        case Loss::quantile:
            if (spec.level_count == 1) visit(OneQuantile<T>{all<T>(spec.levels[0])});
            return spec.level_count == 1;
        case Loss::poisson:
            spec.pair ? visit(PoissonOfExp<T>{}) : visit(Poisson<T>{});
            return true;
        case Loss::gamma: spec.pair ? visit(GammaOfExp<T>{}) : visit(Gamma<T>{}); return true;
        case Loss::binary_cross_entropy:
            spec.pair ? visit(BinaryOfLogistic<T>{labels}) : visit(Binary<T>{labels});
            return true;
        default: return false;
    }
}

// e[row], the error of each row. That of a few classes fused with softmax is `softmax_errors`'s.
template <class T>
inline void loss_rows(const LossSpec& spec, const Judged<T>& at, T* e) {
    if (spec.kind == Loss::binary_cross_entropy && spec.clip > 0) {
        // Clipped probabilities have no stable form in h, and need none.
        const Binary<T> term{Labels<T>(spec.smoothing, spec.clip, 2)};
        return values_of(term, spec, at.o, at, e);
    }
    const T* from = argument(spec, at);
    if (with_term<T>(spec, [&](const auto& term) { values_of(term, spec, from, at, e); })) return;
    switch (spec.kind) {
        case Loss::quantile: return quantile_values(spec, at, e);
        case Loss::gaussian_likelihood:
            return spec.pair ? gaussian_values(GaussianOfNetInput<T>{}, spec, at, e)
                             : gaussian_values(Gaussian<T>{}, spec, at, e);
        case Loss::cross_entropy:
            if (at.k <= narrow_width<T>)
                return by_vector<T>(at.rows, [&](std::ptrdiff_t row, int n) {
                    Distributions<T> of(spec, at, row, n);
                    of.take_outputs(at.o + row * at.stride);
                    store_some(e + row, of.from_output(), n);
                });
            for (std::ptrdiff_t row = 0; row < at.rows; ++row) {
                const Distribution<T> of(spec, at, row);
                e[row] = spec.pair && spec.clip == 0 ? of.from_net_input() : of.from_output();
            }
            return;
        default:
            return sum_terms(spec, at, at.k, e, [&](std::ptrdiff_t row, std::ptrdiff_t first,
                                                    std::ptrdiff_t count, T* out) {
                const T* inputs[] = {at.o + row * at.stride + first,
                                     at.y + row * at.y_stride + first};
                evaluate(*spec.value, inputs, out, count);
            });
    }
}

// slope = de/dh of each output where the error is fused with its activation, else de/dyhat; of a few
// classes fused with softmax, see above.
template <class T>
inline void loss_slope(const LossSpec& spec, const Judged<T>& at, T* slope) {
    if (with_term<T>(spec, [&](const auto& term) { slopes_of(term, spec, at, slope); })) return;
    switch (spec.kind) {
        case Loss::quantile: return quantile_slopes(spec, at, slope);
        case Loss::gaussian_likelihood:
            return spec.pair ? gaussian_slopes(GaussianOfNetInput<T>{}, spec, at, slope)
                             : gaussian_slopes(Gaussian<T>{}, spec, at, slope);
        case Loss::cross_entropy:
            if (at.k <= narrow_width<T>)
                return by_vector<T>(at.rows, [&](std::ptrdiff_t row, int n) {
                    Distributions<T> of(spec, at, row, n);
                    of.take_outputs(at.o + row * at.stride);
                    of.slope_in_output(slope + row * at.stride);
                });
            for (std::ptrdiff_t row = 0; row < at.rows; ++row) {
                const Distribution<T> of(spec, at, row);
                spec.pair ? of.slope_in_net_input(slope + row * at.stride)
                          : of.slope_in_output(slope + row * at.stride);
            }
            return;
        default:
            return over_rows(at, [&](std::ptrdiff_t first_y, std::ptrdiff_t first,
                                     std::ptrdiff_t count) {
                const T* inputs[] = {at.o + first, at.y + first_y};
                evaluate(*spec.slope, inputs, slope + first, count);
            });
    }
}

}  // namespace FALLLINE_NS
