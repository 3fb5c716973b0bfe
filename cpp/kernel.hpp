// What the kernels of one instruction set offer, and the plain data that they work on.
//
// kernel.cpp is compiled once for each instruction set, into a namespace of its own; this table of
// functions is all that leaves it. Whatever is inline here has no machine code of its own, so that
// the linker cannot take one instruction set's for another's.
//
// A pass works on up to `capacity` rows at once, in blocks of 64. Of each layer it keeps, in panels
// of rows x panel columns:
//
//     h  net inputs      o  outputs      s  outputs as dropout left them: what other layers see
//     d  ∂E/∂h           f  the factors of dropout
//
// h and o share memory where the slope needs the output only, o and s where nothing is dropped.

#pragma once

#include <cstdint>

#include "layout.hpp"

namespace fallline {

constexpr int block_rows = 64;  // a sum over rows is one of blocks, each summed by itself

// Where there are tiles (see kernel/tiles.hpp): the blocks that a task takes, whose weights are split
// only once; the most chunks of a sum that are split at a time; the numbers of a chunk.
constexpr int tile_blocks = 4, tile_chunks = 16, tile_numbers = 1536;

// How many chunks of a sum are split at a time for so many panels: few where the results of all stay
// in the cache meanwhile.
constexpr int chunks_at_once(int panels) { return panels > 8 ? tile_chunks : tile_chunks / 4; }

// A step of a formula; after `prepare` its arguments are registers.
struct Instruction {
    std::int32_t op, target, arguments[4];
    double value;
};

// A table row in the kernel's terms, or a formula of the user.
struct Row {
    int kind = 0;
    double settings[8] = {};
    const double* list = nullptr;
    int list_count = 0;
    const double* weights = nullptr;
    int weight_count = 0;
    const Instruction *value = nullptr, *slope = nullptr;
    int value_length = 0, value_registers = 0, slope_length = 0, slope_registers = 0;
};

// Which layer a layer's delta comes from on the way back.
struct Consumer {
    int node;
    int first;  // the row of its W where this layer's units begin
};

struct Node {
    int width;
    int column = 0;  // of X, for inputs
    bool input = false;
    bool joint = false;  // its units depend on each other, and are computed together
    double dropout = 0;
    // forward
    const int* sources = nullptr;
    int source_count = 0, fan_in = 0;
    const Panel* panels = nullptr;
    int panel_count = 0;
    std::int64_t biases = -1;
    Row activation;
    // backward: the weights that lead away, transposed
    const Consumer* consumers = nullptr;
    int consumer_count = 0;
    const Panel* transposed = nullptr;
    int depth = 0;  // rows of each transposed panel: the units of all consumers
    // memory of a pass, in numbers per row
    std::int64_t h = -1, o = -1, s = -1, d = -1, f = -1;
    // Whether full panels are multiplied in tiles, forward and on the way back; and the memory of d
    // split for the gradient's.
    bool tiled = false, tiled_back = false;
    std::int64_t split_d = -1;
    // The panel of its only source where the sum is cut in two, and the second half's memory in a pass.
    int cut = 0;
    std::int64_t rest = -1;
};

struct Model {
    const Node* nodes;
    int node_count, input_count;
    int panel;  // columns of a full panel
    int inputs; // d
    std::uint64_t seed = 0;
    double input_noise = 0;
    Row loss;
    bool fused = false;
    int targets = 0, outputs = 0;
    int cut = -1;  // the node whose sum is cut in two where tiles multiply, or -1
    std::int64_t tile_scratch = 0;  // where a thread's own memory for tiles begins
};

// How many panels of a source, of so many, pieces of the gradient follow each other for: what they
// read stays in the cache, and few panels leave tasks for all threads.
constexpr int panels_together(int panels) { return panels > 16 ? 4 : 2; }

// Where a sum over so many panels of inputs is cut in two: a thread then keeps the columns and the
// weights of its half near, from step to step.
constexpr int cut_of(int panels) { return (panels + 1) / 2; }

// How many panels of a layer a group of pieces has at most: else there would be few groups.
constexpr int group_panels = 16;

// A matrix of the user's, as it lies: strides in bytes, which need not be multiples of a number's
// size; or compressed rows, where `data` holds the numbers, `columns` their columns and `starts`
// where each row begins.
struct Matrix {
    const char* data = nullptr;
    std::int64_t row_stride = 0, column_stride = 0;
    const void* columns = nullptr;
    const void* starts = nullptr;
    bool sparse = false, wide_indices = false;  // indices of 64 bits
};

// One pass: which rows, and where its numbers lie.
template <class T>
struct Pass {
    const T* theta;               // in panels
    T* transposed;                // weights for the way back
    Matrix X, Y;
    const std::int64_t* rows;     // of X and Y; null: those from `first_row` on
    std::int64_t first_row = 0;
    const std::int32_t* positions; // in the batch: where noise is counted from
    const double* factors;        // what each row's error counts in E
    std::int64_t step = 0;        // steps taken before this one
    int count = 0;                // rows of this pass
    std::int64_t capacity = 0;    // rows that the memory is for
    T* memory = nullptr;
    T* outputs = nullptr;         // (n, k), of predictions
    bool tiles = false;           // whether to multiply in tiles where the model does
};

// Layers `first` to `last` of a pass; of a single one perhaps only panels `begin` to `end`. Whether their
// error is taken next, of the net inputs where it has a softmax of its own.
struct Layers {
    int first = 0, last = 0, begin = 0, end = -1;  // -1: all
    bool judged = false;
};

struct GradientTask {
    int node, source, panel;      // source: which of the node's; -1 for the biases
    int first, source_panel;      // the row of W, and the source's panel
};

// A piece of the gradient, and the numbers of the padded vector that it moves.
struct MoveTask {
    GradientTask piece;
    std::int64_t begin;
    int length;
    int turned_row;  // of the source's transposed panel; -1 where no delta goes back
};

// Pieces of some panels of one source, one after the other, and the number of the first.
struct MoveGroup {
    const MoveTask* tasks;
    int count, index;
};

// What finishes a gradient: penalties, masks, clipping by value. Results are noted by range.
template <class T>
struct Finish {
    double l1 = 0, l2 = 0;         // strengths in this batch
    const T* masked = nullptr;     // 1 where a connection is absent; null: nowhere
    const T* moves = nullptr;      // 1 where training may step; null: everywhere
    double clip_value = 0;         // 0: none; noted, not done
    double* penalties = nullptr;   // Σ|w| and Σ w² / 2, two numbers
    double* squares = nullptr;     // Σ g², before any clipping
    double* scales = nullptr;      // what g was divided by there, in tasks of fused steps
    double* clipped = nullptr;     // Σ g², as clipping by value will leave it
};

// An optimizer: its settings in the order of `optimizer_settings`.
struct OptimizerRow {
    int kind = 0, dialect = 0;
    double settings[16] = {};
};
constexpr const char* optimizer_settings[16] = {
    "learning_rate", "momentum", "epsilon", "start", "decay", "beta1", "beta2", "weight_decay",
    "psi", "shrink", "grow", "least", "most", "nesterov", "centered", "amsgrad",
};

// The optimizer's numbers that are not arrays, t and the product, before and after a step.
struct OptimizerNumbers {
    double t = 0, product = 1;
};

template <class T>
struct Update {
    OptimizerRow optimizer;
    alignas(double) unsigned char shared[512];  // what all entries share; see `prepare_step`
    double clip_value = 0;         // 0: none
    double shrink = 1;             // what clipping by norm then multiplies the gradient with
    T* theta = nullptr;
    T* gradient = nullptr;
    T* arrays[4] = {};
    const T* moves = nullptr;
    bool far = false;              // θ and the arrays are more than the nearer caches hold
};

// Parts of E: of the true error, and of what is reported of it, which may be clipped.
struct Errors {
    double error = 0, reported = 0;
};

struct SmallModel;  // see small_work.hpp
template <class T>
struct SmallRun;
struct Step;

template <class T>
struct Kernel {
    const char* name;
    int lanes;
    bool tiles;  // whether it has tiles to multiply in
    // The numbers of names, or -1; `table` is one of activation, loss, optimizer, operation.
    int (*find)(const char* table, const char* name);
    // Gives a formula its registers and returns how many it needs.
    int (*prepare)(Instruction* code, int length, std::int32_t* scratch);
    void (*transpose)(const Model&, int node, int panel, const T* theta, T* transposed);
    void (*predict)(const Model&, const Pass<T>&, int block, T* scratch);
    Errors (*measure)(const Model&, const Pass<T>&, int block, T* scratch);
    // Reads the inputs of half of the sum that is cut in two, for `count` blocks, and sums.
    void (*half_sum)(const Model&, const Pass<T>&, int half, int block, int count, T* scratch);
    // Training over `count` blocks: forward, the inputs first where the first layer is; the errors of
    // each block and their slopes; and back.
    void (*forward)(const Model&, const Pass<T>&, const Layers&, int block, int count, T* scratch);
    void (*judge)(const Model&, const Pass<T>&, int block, int count, T* scratch, Errors* errors);
    void (*backward)(const Model&, const Pass<T>&, const Layers&, int block, int count, T* scratch);
    void (*gradient)(const Model&, const Pass<T>&, const GradientTask&, T* scratch, T* gradient,
                     bool fresh);
    void (*finish)(const Finish<T>&, const Range&, int index, const T* theta, T* gradient);
    // The names of an optimizer's arrays over θ, in its order; returns how many.
    int (*arrays)(const OptimizerRow&, const char** names);
    // Notes what all entries of a step share, and returns the optimizer's numbers after it.
    OptimizerNumbers (*prepare_step)(Update<T>&, OptimizerNumbers before, double rate);
    bool (*update)(const Update<T>&, const Range&);  // whether all stayed finite
    // gradient, finish and update of a group of tasks; see move.hpp
    void (*move)(const Model&, const Pass<T>&, const MoveGroup&, const Finish<T>&,
                 const Update<T>&, T* scratch, T* gradient, std::uint8_t* sound);
    void (*limit)(const Model&, int node, double most, const T* moves, T* theta);
    // Steps `first` to `last` of small work; returns how many were taken, the last one of which is
    // not finite where they are fewer.
    std::int64_t (*small)(const SmallModel&, SmallRun<T>&, std::int64_t first, std::int64_t last,
                          Step* told);
    // Σ a·b, and to = a + factor·b, of vectors as long as the padded one.
    double (*dot)(const T* a, const T* b, std::int64_t count);
    void (*combine)(const T* a, double factor, const T* b, T* to, std::int64_t count);
    // E of all rows in batches, each row counting `share` times its weight; adds to its gradient.
    Errors (*small_evaluate)(const SmallModel&, SmallRun<T>&, double share, T* gradient);
};

}  // namespace fallline
