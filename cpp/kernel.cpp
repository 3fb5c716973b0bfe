// The kernels of one instruction set: compiled once for each, with FALLLINE_NS its namespace.

#include "kernel/elements.hpp"
#include "kernel/errors.hpp"
#include "kernel/finish.hpp"
#include "kernel/gradient.hpp"
#include "kernel/move.hpp"
#include "kernel/names.hpp"
#include "kernel/rows.hpp"
#include "kernel/small_evaluation.hpp"
#include "kernel/update.hpp"
#include "kernel/vectors.hpp"

namespace FALLLINE_NS {
namespace {

template <class T>
void predict(const Model& model, const Pass<T>& pass, int number, T* scratch) {
    const Block<T> block(model, pass, number, scratch);
    forward(block, {0, model.node_count});
    const Node& node = model.nodes[model.node_count - 1];
    unpack(block, node, node.o, pass.outputs + std::int64_t(block.first) * node.width);
}

template <class T>
fallline::Errors measure(const Model& model, const Pass<T>& pass, int number, T* scratch) {
    const Block<T> block(model, pass, number, scratch);
    forward(block, {0, model.node_count, 0, -1, true});
    return error_of(block, false);
}

template <class T>
void forward_of(const Model& model, const Pass<T>& pass, const fallline::Layers& layers, int number,
                int count, T* scratch) {
    const Tiles tiles(has_tiles<T> && pass.tiles);
    forward(Block<T>(model, pass, number, scratch, count), layers);
}

template <class T>
void judge(const Model& model, const Pass<T>& pass, int number, int count, T* scratch,
           fallline::Errors* errors) {
    const Block<T> block(model, pass, number, scratch, count);
    by_blocks(block, [&](const Block<T>& one) { *errors++ = error_of(one, true); });
    split_deltas(block, model.nodes[model.node_count - 1]);
}

template <class T>
void backward_of(const Model& model, const Pass<T>& pass, const fallline::Layers& layers, int number,
                 int count, T* scratch) {
    const Tiles tiles(has_tiles<T> && pass.tiles);
    backward(Block<T>(model, pass, number, scratch, count), layers);
}

template <class T>
void half_sum(const Model& model, const Pass<T>& pass, int half, int number, int count, T* scratch) {
    const Tiles tiles(has_tiles<T>);
    sum_half(Block<T>(model, pass, number, scratch, count), half);
}

int prepare(fallline::Instruction* code, int length, std::int32_t* scratch) {
    return assign_registers(reinterpret_cast<Instruction*>(code), length, scratch);
}

template <class T, bool tiles = false>
constexpr fallline::Kernel<T> table{
    FALLLINE_NAME, lanes<T>, tiles, find,            prepare,    transpose<T>,
    predict<T>,    measure<T>,     half_sum<T>,     forward_of<T>, judge<T>,
    backward_of<T>, gradient_of<T>, finish_range<T>, arrays_of,  prepare_step<T>,
    update_range<T>, move<T>,      limit_layer<T>,  small_steps<T>, dot<T>,
    combine<T>,    small_evaluate<T>,
};

}  // namespace

const fallline::Kernel<float>& kernel_float() { return table<float>; }
const fallline::Kernel<double>& kernel_double() { return table<double>; }
#if defined(FALLLINE_TILES)
const fallline::Kernel<float>& kernel_float_tiles() { return table<float, true>; }
#endif

}  // namespace FALLLINE_NS
