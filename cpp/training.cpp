// Forward and back over the rows of a pass: which thread takes what.
//
// Blocks of rows are what threads usually share. Layers that are much work are shared by their panels
// where rows are few: each thread then reads a share of the weights only, and there is work for all. The
// bits are the same, since each number is one sum, whoever takes it.

#include <algorithm>

#include "descent.hpp"

namespace fallline {

namespace {

constexpr std::int64_t least_shared = 4 << 20;  // multiplications of a layer that threads share

int groups_of(int blocks, int each) { return (blocks - 1) / each + 1; }

}  // namespace

// The sum that is cut in two, where there is one: each thread begins with the same half in every step.
template <class T>
void Worker<T>::sum_halves(const Pass<T>& pass) {
    if (!pass.tiles || machine_.model().cut < 0) return;
    const int blocks = blocks_of(pass.count);
    const int each = std::min(tile_blocks, (2 * blocks - 1) / pool_.threads() + 1);
    const int groups = groups_of(blocks, each);
    pool_.run(2 * groups, [&](int thread, int i) {
        const int first = i % groups * each;
        machine_.kernel().half_sum(machine_.model(), pass, i / groups, first,
                                   std::min(each, blocks - first), scratch_of(thread));
    });
}

// Among how many threads the panels of a layer are shared, for each group of rows; 1: none are.
template <class T>
int Worker<T>::shares(const Pass<T>& pass, int number, bool back) const {
    const Node& node = machine_.model().nodes[number];
    const bool tiled = pass.tiles && (back ? node.tiled_back : node.tiled);
    const bool joint = node.joint || node.dropout > 0 || pass.X.sparse;
    if (node.input || joint || (number == machine_.model().cut && pass.tiles && !back)) return 1;
    const std::int64_t terms = back ? node.depth : node.fan_in;
    if (terms * node.width * pass.count < least_shared) return 1;
    const int groups = groups_of(blocks_of(pass.count), tiled ? tile_blocks : 1);
    return std::min((pool_.threads() - 1) / groups + 1, node.panel_count);
}

// Some layers forward, the errors, and some layers back, all for a few blocks of rows at a time.
template <class T>
void Worker<T>::by_rows(const Pass<T>& pass, const Layers& forward, bool judged,
                        const Layers& backward) {
    const Model& model = machine_.model();
    const Kernel<T>& kernel = machine_.kernel();
    const int blocks = blocks_of(pass.count);
    const int each = pass.tiles ? std::min(tile_blocks, (blocks - 1) / pool_.threads() + 1) : 1;
    pool_.run(groups_of(blocks, each), [&](int thread, int i) {
        const int first = i * each, count = std::min(each, blocks - first);
        T* scratch = scratch_of(thread);
        if (forward.first < forward.last) kernel.forward(model, pass, forward, first, count, scratch);
        if (judged) kernel.judge(model, pass, first, count, scratch, &block_errors_[first]);
        if (backward.first < backward.last)
            kernel.backward(model, pass, backward, first, count, scratch);
    });
}

// One layer, whose panels are shared among so many.
template <class T>
void Worker<T>::by_panels(const Pass<T>& pass, int number, int shares, bool back) {
    const Model& model = machine_.model();
    const Node& node = model.nodes[number];
    const bool tiled = pass.tiles && (back ? node.tiled_back : node.tiled);
    const int blocks = blocks_of(pass.count), each = tiled ? tile_blocks : 1;
    const auto take = back ? machine_.kernel().backward : machine_.kernel().forward;
    const int groups = groups_of(blocks, each);
    pool_.run(groups * shares, [&](int thread, int i) {
        const int share = i / groups, first = i % groups * each;
        const Layers part{number, number + 1, node.panel_count * share / shares,
                          node.panel_count * (share + 1) / shares};
        take(model, pass, part, first, std::min(each, blocks - first), scratch_of(thread));
    });
}

// Layers in their order, and back: those that are much work by panels, what stands between by rows.
template <class T>
void Worker<T>::train_layers(const Pass<T>& pass) {
    const int inputs = machine_.model().input_count, nodes = machine_.model().node_count;
    int next = 0;  // the first layer that has not been computed
    for (int number = inputs; number < nodes; ++number) {
        const int some = shares(pass, number, false);
        if (some == 1) continue;
        if (next < number) by_rows(pass, {next, number}, false, {});
        by_panels(pass, number, some, false);
        next = number + 1;
    }
    int last = nodes - 1;  // layers from here on have their deltas
    while (last > inputs && shares(pass, last - 1, true) == 1) --last;
    by_rows(pass, {next, nodes, 0, -1, true}, true, {last, nodes - 1});
    while (last > inputs) {
        const int some = shares(pass, --last, true);
        if (some > 1) by_panels(pass, last, some, true);
        else by_rows(pass, {}, false, {last, last + 1});
    }
}

// Forward and back over some of the chosen rows; adds their error.
template <class T>
void Worker<T>::train_rows(Pass<T>& pass, std::int64_t first, std::int64_t count, Errors& error) {
    pass.capacity = capacity_ + apart;
    pass.memory = memory_.data();
    pass.count = static_cast<int>(count);
    pass.rows = rows_.data() + first;
    pass.positions = positions_.data() + first;
    pass.factors = factors_.data() + first;
    block_errors_.resize(blocks_of(count));
    sum_halves(pass);
    train_layers(pass);
    for (const Errors& part : block_errors_) {
        error.error += part.error;
        error.reported += part.reported;
    }
}

template void Worker<float>::train_rows(Pass<float>&, std::int64_t, std::int64_t, Errors&);
template void Worker<double>::train_rows(Pass<double>&, std::int64_t, std::int64_t, Errors&);

}  // namespace fallline
