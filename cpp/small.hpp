// Small work: descents whose step is so short that what surrounds the arithmetic would cost more.
//
// One function of the kernels takes many steps on end, on one thread. What it needs is made ready
// once for each call: θ and the optimizer's arrays are laid out anew, all weights and then all
// biases, row after row, so that a step's whole memory stays in the nearest cache. An output layer
// of few units keeps its weights unit by unit, and its products run along the inputs.
//
// Which descents come here is decided by the network, the plan and the size of a batch: so all
// steps of a descent take the same way, wherever it is cut.

#pragma once

#include <memory>
#include <vector>

#include "memory.hpp"
#include "small_work.hpp"

namespace fallline {

// A descent that may be small work: a chain of dense layers, nothing of it absent or frozen.
template <class T>
class Small {
public:
    // Null where a plan or a network needs the general way, which FALLLINE_PATH=generic forces.
    static std::unique_ptr<const Small> of(const Kernel<T>& kernel, const NetworkSpec& network,
                                           const Model& whole, const PlanSpec* plan);

    // Whether batches of so many rows are small work.
    bool takes(std::int64_t batch_size) const;
    // Whether E of so many rows on end, in blocks, is small work; so few need no second thread.
    bool takes_all(std::int64_t rows) const;
    // How many steps there may be between two looks at the clock.
    std::int64_t steps_between(std::int64_t batch_size) const;

    std::int64_t numbers() const { return numbers_; }
    // Layers and a model for steps of so many rows; `size` is the memory that these need.
    std::vector<SmallLayer> layers(std::int64_t rows, SmallModel& model, std::int64_t& size) const;

    // Between the padded vector of panels and the one of small work.
    void take(const T* panels, const Layout& layout, T* to) const;
    void give(const T* from, const Layout& layout, T* panels) const;

private:
    Small(const Kernel<T>& kernel, const NetworkSpec& network, const Model& whole);
    std::int64_t rounded(std::int64_t count) const { return (count + lanes_ - 1) / lanes_ * lanes_; }
    void place_weights();

    std::vector<SmallLayer> layers_;
    std::vector<std::int64_t> place_;  // of each canonical entry
    std::int64_t lanes_, numbers_ = 0, weights_ = 0, inputs_;
    double work_ = 0;  // multiplications of a row forward
};

}  // namespace fallline
