// The line search for the strong Wolfe conditions of formulas/optimizers/line_search.py, which
// defines it and tells its sources.

#pragma once

#include <cmath>

namespace fallline {

struct SearchRules {
    double fall, flat, noise;
    int most;  // evaluations
};

// `Trial` has alpha, error and slope; `at(alpha)` evaluates one.
template <class Trial, class At>
class LineSearch {
public:
    LineSearch(At& at, const Trial& start, const SearchRules& rules)
        : at_(at), start_(start), rules_(rules) {}

    // Leaves in `found` an accepted trial, or else the lowest; false where none is below the start.
    bool find(double first, Trial& found) {
        Trial before = start_;
        double alpha = first;
        for (int left = rules_.most; left > 0; --left) {
            Trial trial = at_(alpha);
            if (accepts(trial)) return take(trial, found);
            if (!fell(trial) || trial.error > before.error + rules_.noise)
                return zoom(before, trial, left - 1, found);
            if (trial.slope >= 0) return zoom(trial, before, left - 1, found);
            before = trial;
            alpha *= 3;
        }
        return take_if_lower(before, found);
    }

private:
    bool zoom(Trial low, Trial high, int evaluations, Trial& found) {
        for (; evaluations > 0; --evaluations) {
            Trial trial = at_(between(low, high));
            if (accepts(trial)) return take(trial, found);
            if (!fell(trial) || trial.error > low.error + rules_.noise) {
                high = trial;
                continue;
            }
            if (trial.slope * (high.alpha - low.alpha) >= 0) high = low;
            low = trial;
        }
        return take_if_lower(low, found);
    }

    static bool finite(const Trial& trial) {
        return std::isfinite(trial.error) && std::isfinite(trial.slope);
    }
    bool fell(const Trial& trial) const {
        const double line = start_.error + rules_.fall * trial.alpha * start_.slope;
        return finite(trial) && trial.error <= line + rules_.noise;
    }
    bool accepts(const Trial& trial) const {
        return fell(trial) && std::abs(trial.slope) <= -rules_.flat * start_.slope;
    }
    static bool take(const Trial& trial, Trial& found) {
        found = trial;
        return true;
    }
    bool take_if_lower(const Trial& trial, Trial& found) const {
        return trial.error < start_.error && take(trial, found);
    }

    // The minimum of the cubic through both, kept away from the ends; else the middle.
    static double between(const Trial& low, const Trial& high) {
        const double middle = (low.alpha + high.alpha) / 2;
        if (!finite(high)) return middle;
        const double width = high.alpha - low.alpha;
        const double d1 = low.slope + high.slope - 3 * (high.error - low.error) / width;
        const double square = d1 * d1 - low.slope * high.slope;
        if (!(square >= 0)) return middle;
        const double d2 = std::copysign(std::sqrt(square), width);
        const double divisor = high.slope - low.slope + 2 * d2;
        if (divisor == 0) return middle;
        const double alpha = high.alpha - width * (high.slope + d2 - d1) / divisor;
        const double part = (alpha - low.alpha) / width;
        return part >= 0.1 && part <= 0.9 ? alpha : middle;
    }

    At& at_;
    const Trial& start_;
    const SearchRules& rules_;
};

}  // namespace fallline
