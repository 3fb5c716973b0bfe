// The kernels of one instruction set: compiled once for each, with FALLLINE_NS its namespace.

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
    forward(block);
    const Node& node = model.nodes[model.node_count - 1];
    unpack(block, node, node.o, pass.outputs + std::int64_t(block.first) * node.width);
}

template <class T>
fallline::Errors measure(const Model& model, const Pass<T>& pass, int number, T* scratch) {
    const Block<T> block(model, pass, number, scratch);
    forward(block);
    return error_of(block, false);
}

template <class T>
fallline::Errors train(const Model& model, const Pass<T>& pass, int number, T* scratch) {
    const Block<T> block(model, pass, number, scratch);
    forward(block);
    const fallline::Errors error = error_of(block, true);
    backward(block);
    return error;
}

int prepare(fallline::Instruction* code, int length, std::int32_t* scratch) {
    return assign_registers(reinterpret_cast<Instruction*>(code), length, scratch);
}

template <class T>
constexpr fallline::Kernel<T> table{
    FALLLINE_NAME, lanes<T>,       find,            prepare,    transpose<T>,
    predict<T>,    measure<T>,     train<T>,        gradient_of<T>, finish_range<T>,
    arrays_of,     prepare_step<T>, update_range<T>, move<T>,    limit_layer<T>,
    small_steps<T>, dot<T>,        combine<T>,      small_evaluate<T>,
};

}  // namespace

const fallline::Kernel<float>& kernel_float() { return table<float>; }
const fallline::Kernel<double>& kernel_double() { return table<double>; }

}  // namespace FALLLINE_NS
