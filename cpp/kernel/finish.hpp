// What stands between a gradient and an optimizer: penalties, masks, clipping, and norms.

#pragma once

#include "../elements/expression.hpp"
#include "../kernel.hpp"

namespace FALLLINE_NS {

// Whether flags, numbers that are 0 or 1, are set.
template <class T>
FALLLINE_INLINE Mask<T> is_set(const T* flags) {
    return load(flags) != all<T>(0);
}

// As many numbers as a vector holds doubles.
template <class T>
struct Halved;
template <>
struct Halved<float> {
    typedef float type __attribute__((vector_size(FALLLINE_VECTOR_BYTES / 2)));
};
template <>
struct Halved<double> {
    typedef double type __attribute__((vector_size(FALLLINE_VECTOR_BYTES)));
};

// Sums by lane in double precision: float's squares may overflow.
template <class T>
struct Wide;
template <>
struct Wide<double> {
    Vec<double> sums = all<double>(0);

    FALLLINE_INLINE void add(Vec<double> x) { sums = sums + x; }
    FALLLINE_INLINE void add(Vec<double> x, double times) { sums = sums + x * all<double>(times); }
    FALLLINE_INLINE void add_square(Vec<double> x) { sums = sums + x * x; }
    FALLLINE_INLINE Vec<double> lanes() const { return sums; }
    double total() const { return sum(sums); }
};
template <>
struct Wide<float> {
    using Half = Halved<float>::type;
    typedef double Doubles __attribute__((vector_size(FALLLINE_VECTOR_BYTES)));
    Doubles low = {}, high = {};

    FALLLINE_INLINE static void widen(Vec<float> x, Doubles& a, Doubles& b) {
        Half halves[2];
        std::memcpy(halves, &x.v, sizeof halves);
        a = __builtin_convertvector(halves[0], Doubles);
        b = __builtin_convertvector(halves[1], Doubles);
    }
    FALLLINE_INLINE void add(Vec<float> x) {
        Doubles a, b;
        widen(x, a, b);
        low += a;
        high += b;
    }
    FALLLINE_INLINE void add(Vec<float> x, double times) {
        Doubles a, b;
        widen(x, a, b);
        low += times * a;
        high += times * b;
    }
    FALLLINE_INLINE void add_square(Vec<float> x) {
        Doubles a, b;
        widen(x, a, b);
        low += a * a;
        high += b * b;
    }
    FALLLINE_INLINE Vec<double> lanes() const { return Floats<double>(low + high); }
    double total() const { return sum(Vec<double>(low + high)); }
};

// Adds the penalties' slopes, puts 0 where nothing may move, and notes sizes.
template <class T>
class Finishing {
public:
    // `short_range`: squares of floats may be summed in float first. `kept`: where finished gradients
    // may be kept, so that doubles whose squares overflow or vanish are noted by scale.
    FALLLINE_INLINE Finishing(const fallline::Finish<T>& job, const fallline::Range& range,
                              bool short_range = false, T* kept = nullptr)
        : job_(job), penalized_(range.weights && (job.l1 != 0 || job.l2 != 0)), l1_(all<T>(job.l1)),
          l2_(all<T>(job.l2)), most_(all<T>(job.clip_value)), kept_(sizeof(T) == 8 ? kept : nullptr) {
        quick_ = short_range && sizeof(T) == 4 && !changes() && job.clip_value == 0;
    }

    // Whether it takes squares alone, of floats in float.
    FALLLINE_INLINE bool quick() const { return quick_; }
    FALLLINE_INLINE Vec<T>& squares() { return squares_; }
    FALLLINE_INLINE bool changes() const { return penalized_ || job_.masked || job_.moves; }

    // The gradients g of weights w, as they are to be.
    FALLLINE_INLINE Vec<T> operator()(std::ptrdiff_t i, Vec<T> g, Vec<T> w) {
        if (quick_) {
            squares_ += g * g;
            return g;
        }
        const Vec<T> zero = all<T>(0);
        if (penalized_) {
            if (job_.l1 != 0) {
                g = g + l1_ * sign(w);
                sizes_.add(abs(w));
            }
            if (job_.l2 != 0) {
                g = g + l2_ * w;
                half_.add_square(w);
            }
        }
        if (job_.masked) g = select(is_set(job_.masked + i), zero, g);
        if (job_.moves) g = select(is_set(job_.moves + i), g, zero);
        if (kept_ && changes()) store(kept_ + i, g);
        before_.add_square(g);
        if (job_.clip_value > 0) after_.add_square(clamp(g, -most_, most_));
        return g;
    }

    // `gradient` as it was given: where a sum of squares in float says little, they are added again.
    void tell(int index, const T* gradient, const fallline::Range& range) {
        constexpr double least = 1e-30;
        before_.add(squares_);
        if (quick_ && !(before_.total() > least && __builtin_isfinite(before_.total()))) {
            before_ = {};
            for (std::int64_t i = range.begin; i < range.end; i += lanes<T>)
                before_.add_square(load(gradient + i));
        }
        job_.squares[index] = before_.total();
        if (job_.scales) job_.scales[index] = 1;
        if (kept_) note_scale(index, range);
        job_.clipped[index] = job_.clip_value > 0 ? after_.total() : 0;
        job_.penalties[2 * index] = penalized_ ? sizes_.total() : 0;
        job_.penalties[2 * index + 1] = penalized_ ? half_.total() / 2 : 0;
    }

private:
    // Where a sum of squares says little, it is noted with numbers divided by their greatest.
    void note_scale(int index, const fallline::Range& range) const {
        constexpr double least = 1e-280;
        if (job_.squares[index] > least && __builtin_isfinite(job_.squares[index])) return;
        Vec<T> greatest = all<T>(0);
        for (std::int64_t i = range.begin; i < range.end; i += lanes<T>)
            greatest = max(greatest, abs(load(kept_ + i)));
        const T scale = max_of(greatest);
        if (scale == 0) return;
        Wide<T> total;  // of NaN where a number is not finite
        for (std::int64_t i = range.begin; i < range.end; i += lanes<T>)
            total.add_square(load(kept_ + i) / Vec<T>(scale));
        job_.squares[index] = total.total();
        job_.scales[index] = scale;
    }

    fallline::Finish<T> job_;
    bool penalized_, quick_;
    Vec<T> l1_, l2_, most_, squares_ = all<T>(0);
    T* kept_;
    Wide<T> before_, after_, half_, sizes_;
};

template <class T>
void finish_range(const fallline::Finish<T>& job, const fallline::Range& range, int index,
                  const T* theta, T* gradient) {
    Finishing<T> finishing(job, range);
    for (std::int64_t i = range.begin; i < range.end; i += lanes<T>) {
        const Vec<T> g = finishing(i, load(gradient + i), load(theta + i));
        if (finishing.changes()) store(gradient + i, g);
    }
    finishing.tell(index, gradient, range);
}

// The Euclidean norm of those of n numbers that may move, or of the others; no square overflows.
template <class T>
T norm_of(const T* w, const T* free, bool moving, int n, std::ptrdiff_t stride) {
    const auto counts = [&](int i) { return (free ? free[i * stride] != 0 : true) == moving; };
    T largest = 0;
    for (int i = 0; i < n; ++i) {
        const T size = w[i * stride] < 0 ? -w[i * stride] : w[i * stride];
        if (counts(i) && (size > largest || size != size)) largest = size;
    }
    if (!(largest > 0) || largest > std::numeric_limits<T>::max()) return largest;
    T sum = 0;
    for (int i = 0; i < n; ++i)
        if (counts(i)) sum += (w[i * stride] / largest) * (w[i * stride] / largest);
    return T(__builtin_sqrt(double(sum))) * largest;
}

template <class T>
void limit_column(T* w, const T* free, int n, std::ptrdiff_t stride, T most) {
    const T fixed = norm_of(w, free, false, n, stride), moving = norm_of(w, free, true, n, stride);
    const T square = (most - fixed) * (most + fixed);
    const T room = square < 0 ? T(0) : T(__builtin_sqrt(double(square)));
    if (!(moving > room)) return;
    for (int i = 0; i < n; ++i)
        if (!free || free[i * stride]) w[i * stride] *= room / moving;
}

// Holds each unit's incoming weights to a norm; what is frozen stays and uses up its share.
template <class T>
void limit_layer(const fallline::Model& model, int number, double most,
                 const T* moves, T* theta) {
    const fallline::Node& node = model.nodes[number];
    for (int p = 0; p < node.panel_count; ++p) {
        const fallline::Panel& panel = node.panels[p];
        for (int j = 0; j < panel.columns; ++j) {
            T* w = theta + panel.offset + j;
            const T* free = moves ? moves + panel.offset + j : nullptr;
            limit_column(w, free, node.fan_in, panel.lanes, T(most));
        }
    }
}

}  // namespace FALLLINE_NS
