// Pieces of small work: rows copied, sums over all entries, Adam's corrections.

#pragma once

#include "../small_work.hpp"
#include "finish.hpp"
#include "functions.hpp"
#include "small_products.hpp"
#include "update.hpp"

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

// What a pass over all entries sums: squares of gradients, and of weights, and their sizes.
template <class T>
struct SmallSums {
    Wide<T> halves, sizes;
    Vec<T> squares = all<T>(0);  // few are added; where they over- or underflow, others are taken
    Vec<T> sound = all<T>(0);    // 0 times what is not finite is NaN

    // Notes the penalty and the squared norm; returns whether all was finite.
    [[gnu::noinline]] bool tell(double l1, double l2, fallline::Step& told) const {
        if (l1 != 0) told.penalty += l1 * sizes.total();
        if (l2 != 0) told.penalty += l2 * (halves.total() / 2);
        Wide<T> total;
        total.add(squares);
        told.norm = total.total();
        return in_all<T>(sound.v)[0] == 0;
    }
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
