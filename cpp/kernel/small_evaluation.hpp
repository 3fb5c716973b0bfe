// Small work: E of all rows and its gradient. See cpp/small.hpp.

#pragma once

#include "small_single.hpp"

namespace FALLLINE_NS {

// E of rows on end, a batch at a time, each counting `share` times its weight; adds its gradient to
// `total`, batch after batch.
template <class T>
fallline::Errors small_evaluate(const fallline::SmallModel& model, fallline::SmallRun<T>& run,
                                double share, T* total) {
    SmallSteps<T> steps(model, run);
    fallline::Errors found;
    for (std::int64_t first = 0; first < run.length; first += run.batch_size) {
        fallline::Step told;
        if (!steps.evaluate(first, share, told)) continue;
        found.error += told.error;
        found.reported += told.reported;
        for (std::int64_t i = 0; i < model.numbers; i += lanes<T>)
            store_aligned(total + i, load_aligned(total + i) + load_aligned(run.gradient + i));
    }
    return found;
}

}  // namespace FALLLINE_NS
