// A network, an objective and perhaps a plan, made ready for the kernels of this machine.

#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "kernel.hpp"
#include "memory.hpp"
#include "small.hpp"

namespace fallline {

// What a machine is made for. It owns all that its model points to.
constexpr std::int64_t rows_of_pass = 1024;  // the most

template <class T>
class Machine {
public:
    // `sparse`: X comes in compressed rows. Without a plan nothing is noisy.
    Machine(const Kernel<T>& kernel, std::shared_ptr<const NetworkSpec> network,
            const ObjectiveSpec* objective, const PlanSpec* plan, bool sparse);
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    const Kernel<T>& kernel() const { return kernel_; }
    const Model& model() const { return model_; }
    const Layout& layout() const { return layout_; }
    const NetworkSpec& network() const { return *network_; }
    const std::vector<GradientTask>& gradient_tasks() const { return tasks_; }
    const std::vector<std::pair<int, int>>& transposing() const { return transposing_; }
    const OptimizerRow& optimizer() const { return optimizer_; }
    // Over the padded vector 1 or 0: where connections are absent, and where training may step;
    // null: nowhere, and everywhere.
    const T* masked() const { return masked_.size() ? masked_.data() : nullptr; }
    const T* moves() const { return moves_.size() ? moves_.data() : nullptr; }

    // How small work does it; null where it does not.
    const Small<T>* small() const { return small_.get(); }

    // Numbers of memory per row, and of a thread's own, which are many more with tiles.
    std::int64_t per_row() const { return per_row_; }
    std::int64_t scratch(bool tiles = false) const {
        return tiles ? scratch_ : model_.tile_scratch;
    }
    std::int64_t transposed_size() const { return transposed_size_; }
    // Multiplications of one row, forward and back.
    double work_per_row() const { return work_per_row_; }
    // Whether steps of so many rows multiply in tiles.
    bool tiles(std::int64_t batch_size) const { return tiles_ && batch_size >= least_tiled; }

    void to_panels(const T* theta, T* panels) const;
    void from_panels(const T* panels, T* theta) const;

private:
    void link(const PlanSpec* plan, bool sparse);
    void link_back();
    void choose_tiles();
    void choose_cut();
    void place(bool back);
    void list_tasks();
    void list_pieces(int number, int edge, int first, int begin, int end);
    Row row(const RowSpec& spec, int kind);
    const Instruction* program(const ProgramSpec& spec, int& length, int& registers);
    void set_optimizer(const PlanSpec& plan);
    Numbers<T> over_panels(const std::vector<std::uint8_t>& flags) const;

    const Kernel<T>& kernel_;
    std::shared_ptr<const NetworkSpec> network_;
    Layout layout_;
    Model model_{};
    std::vector<Node> nodes_;
    std::vector<std::vector<Consumer>> consumers_;
    std::vector<std::vector<Panel>> transposed_;
    std::deque<std::vector<Instruction>> programs_;
    std::deque<std::vector<double>> lists_;
    std::vector<GradientTask> tasks_;
    std::vector<std::pair<int, int>> transposing_;
    OptimizerRow optimizer_;
    Numbers<T> masked_, moves_;
    std::unique_ptr<const Small<T>> small_;
    std::int64_t per_row_ = 0, scratch_ = 0, transposed_size_ = 0;
    double work_per_row_ = 0;
    bool tiles_ = false;
    // Fewer rows, or units of a layer, do not pay for the splitting of numbers.
    static constexpr int least_tiled = 64, least_wide = 128, least_deep = 96;
    static constexpr int least_cut = 16;  // panels of a sum that is cut in two
};

}  // namespace fallline
