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

// 1 - beta^t of the steps to come, as many at a time as a vector holds: functions of t alone, so
// that it does not matter where they begin.
class Corrections {
public:
    explicit Corrections(const OptimizerSpec& spec)
        : logs_{log_of(spec.beta1), log_of(spec.beta2)} {}

    template <class T>
    FALLLINE_INLINE void next(double t) {
        if (++at_ < L) return;
        at_ = 0;
        Vec<double> steps;
        for (int i = 0; i < L; ++i) {
            steps.v[i] = t;
            t = static_cast<T>(t + 1);
        }
        for (int i = 0; i < 2; ++i) store_aligned(values_[i], -expm1(steps * all<double>(logs_[i])));
    }
    double of_mean() const { return values_[0][at_]; }
    double of_square() const { return values_[1][at_]; }

private:
    static constexpr int L = lanes<double>;

    static double log_of(double beta) { return beta != 0 ? __builtin_log(beta) : -__builtin_inf(); }

    double logs_[2];
    alignas(FALLLINE_VECTOR_BYTES) double values_[2][L];
    int at_ = L;
};

}  // namespace FALLLINE_NS
