// The optimizer's step of small work, vector by vector as gradients come.

#pragma once

#include "../small_work.hpp"
#include "finish.hpp"
#include "small_products.hpp"
#include "update.hpp"

namespace FALLLINE_NS {

// What a pass over all entries sums: squares of gradients, and of weights, and their sizes.
template <class T>
struct SmallSums {
    Wide<T> halves, sizes;
    Vec<T> squares = all<T>(0);  // few are added; where they over- or underflow, others are taken
    Vec<T> sound = all<T>(0);    // 0 times what is not finite is NaN

    // The squared norm where there is no penalty; NaN or infinite where something was not finite.
    FALLLINE_INLINE double norm() const {
        Wide<T> total;
        total.add(squares + sound);
        return in_all<double>(total.lanes().v)[0];
    }

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

// Adds penalties, notes the norm and takes the step of entries whose gradients it is given. It keeps
// copies of all that it needs: stores might change what is not one.
template <class T, class Method>
class SmallMover {
public:
    FALLLINE_INLINE SmallMover(const fallline::SmallRun<T>& run, const StepScalars<T>& shared,
                               double l1, double l2)
        : shared_(shared), theta_(run.theta), gradient_(run.gradient), l1_(l1), l2_(l2),
          most_(all<T>(run.clip_value)), clips_(run.clip_value > 0) {
        for (int i = 0; i < count; ++i) {
            arrays_[i] = run.arrays[i];
            kept_[i] = all<T>(0);
        }
    }

    // Of weights, or of biases: these have no penalty and do not decay.
    FALLLINE_INLINE void operator()(std::int64_t i, Vec<T> g, bool weights) {
        const Vec<T> w = load_aligned(theta_ + i);
        if (weights && (l1_ != 0 || l2_ != 0)) g = penalized(i, g, w);
        sums_.squares += g * g;
        if (clips_) g = clamp(g, -most_, most_);
        Vec<T> a[count + 1];
        for (int j = 0; j < count; ++j) a[j] = load_aligned(arrays_[j] + i);
        const Vec<T> moved = w + Method::step(shared_, g, w, Vec<T>(T(weights)), a);
        store_aligned(theta_ + i, moved);
        sums_.sound += moved * all<T>(0);
        for (int j = 0; j < count; ++j) {
            store_aligned(arrays_[j] + i, a[j]);
            if constexpr (!Method::means) kept_[j] += a[j] * all<T>(0);
        }
    }

    // The squared norm without penalties; NaN or infinite where something did not stay finite.
    FALLLINE_INLINE double norm() const {
        static_assert(Method::means);
        return sums_.norm();
    }

    // Notes penalty and squared norm; returns whether all stayed finite.
    FALLLINE_INLINE bool tell(fallline::Step& told) const {
        SmallSums<T> sums = sums_;
        for (const Vec<T>& kept : kept_) sums.sound += kept;
        return sums.tell(l1_, l2_, told);
    }

private:
    static constexpr int count = Method::arrays;

    FALLLINE_INLINE Vec<T> penalized(std::int64_t i, Vec<T> g, Vec<T> w) {
        if (l1_ != 0) {
            g = g + all<T>(l1_) * sign(w);
            sums_.sizes.add(abs(w));
        }
        if (l2_ != 0) {
            g = g + all<T>(l2_) * w;
            sums_.halves.add_square(w);
        }
        store_aligned(gradient_ + i, g);  // the norm may need it again
        return g;
    }

    const StepScalars<T> shared_;
    T *const theta_, *const gradient_, *arrays_[count + 1];
    const double l1_, l2_;
    const Vec<T> most_;
    const bool clips_;
    SmallSums<T> sums_;
    Vec<T> kept_[count + 1] = {};
};

}  // namespace FALLLINE_NS
