// Pieces of small work: rows copied, usual rows of the tables, Adam's corrections.

#pragma once

#include "functions.hpp"
#include "small_move.hpp"

namespace FALLLINE_NS {

// --- rows ------------------------------------------------------------------------------------

// Copies a row of the user's matrix, and zeros up to a whole vector.
template <class T>
FALLLINE_INLINE void take_row(const fallline::Matrix& from, std::int64_t row, int width, T* to) {
    constexpr int L = lanes<T>;
    const char* at = from.data + row * from.row_stride;
    int j = 0;
    if (from.column_stride == sizeof(T)) {
        for (; j + L <= width; j += L) std::memcpy(to + j, at + j * sizeof(T), L * sizeof(T));
#if defined(__AVX512F__) && FALLLINE_VECTOR_BYTES == 64
        if (j < width) store(to + j, load_part(reinterpret_cast<const T*>(at) + j, width - j));
        return;
#endif
    }
    for (; j < width; ++j) std::memcpy(to + j, at + j * from.column_stride, sizeof(T));
    for (; j % L; ++j) to[j] = 0;
}

template <class T>
FALLLINE_INLINE T number_of(const char* at) {
    T number;
    std::memcpy(&number, at, sizeof number);
    return number;
}

// Whether an error is the squared one of a single output.
FALLLINE_INLINE bool is_plain(const LossSpec& spec, const fallline::Model& model) {
    const bool squares = spec.kind == Loss::squared_error || spec.kind == Loss::sse;
    return squares && model.outputs == 1 && model.targets == 1 && !spec.output_weights &&
           !(spec.clip > 0);
}

// What each of some rows counts in E.
template <class T>
class Counts {
public:
    FALLLINE_INLINE Counts(const double* from, int n) {
#pragma GCC unroll 2
        for (int i = 0; i < parts; ++i, n -= L)
            own_[i] = n > 0 ? load_some(from + i * L, n < L ? n : L) : all<double>(0);
    }
    // Σ of their errors by lane.
    FALLLINE_INLINE Vec<double> times(Vec<T> errors) const {
        Vec<double> total = all<double>(0);
        Part some[parts];
        std::memcpy(some, &errors.v, sizeof errors.v);
#pragma GCC unroll 2
        for (int i = 0; i < parts; ++i)
            total += own_[i] * Vec<double>(__builtin_convertvector(some[i], Floats<double>));
        return total;
    }
    FALLLINE_INLINE Vec<T> rounded() const {
        Part some[parts];
#pragma GCC unroll 2
        for (int i = 0; i < parts; ++i) some[i] = __builtin_convertvector(own_[i].v, Part);
        Vec<T> found;
        std::memcpy(&found.v, some, sizeof found.v);
        return found;
    }

private:
    static constexpr int L = lanes<double>, parts = lanes<T> / L;
    using Part = typename Halved<T>::type;

    Vec<double> own_[parts];
};

// Adam's factors of the steps to come, as many at a time as a vector holds: functions of t and the
// rate alone, so that it does not matter where they begin.
template <class T>
class Corrections {
public:
    explicit Corrections(const OptimizerSpec& spec)
        : spec_(spec), logs_{log_of(spec.beta1), log_of(spec.beta2)} {}

    // Those of step t.
    FALLLINE_INLINE void next(double t, double rate, StepScalars<T>& s) {
        if (++at_ == L) begin(t);
        if (at_ == 0 || rate != rate_) correct(rate);
        s.mean_factor = static_cast<T>(mean_[at_]);
        s.square_factor = static_cast<T>(square_[at_]);
        s.largest_factor = static_cast<T>(largest_[at_]);
    }

private:
    static constexpr int L = lanes<double>;

    static double log_of(double beta) { return beta != 0 ? __builtin_log(beta) : -__builtin_inf(); }

    [[gnu::noinline]] void begin(double t) {
        at_ = 0;
        Vec<double> steps;
        for (int i = 0; i < L; ++i) {
            steps.v[i] = t;
            t = static_cast<T>(t + 1);
        }
        of_mean_ = -expm1(steps * all<double>(logs_[0]));
        of_square_ = -expm1(steps * all<double>(logs_[1]));
    }
    [[gnu::noinline]] void correct(double rate) {
        rate_ = rate;
        const auto found =
            adam_factors<Vec<double>>(spec_, of_mean_, of_square_, all<double>(static_cast<T>(rate)));
        store_aligned(mean_, found.mean);
        store_aligned(square_, found.square);
        store_aligned(largest_, found.largest);
    }

    const OptimizerSpec& spec_;
    double logs_[2], rate_ = 0;
    Vec<double> of_mean_, of_square_;
    alignas(FALLLINE_VECTOR_BYTES) double mean_[L], square_[L], largest_[L];
    int at_ = L - 1;
};

}  // namespace FALLLINE_NS
