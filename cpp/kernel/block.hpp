// A block of rows in the memory of a pass, and the ways between panels and plain rows.

#pragma once

#include "panels.hpp"

namespace FALLLINE_NS {

using fallline::Model;
using fallline::Node;
using fallline::Pass;

// A block of the rows of a pass, and where its numbers lie.
template <class T>
struct Block {
    static constexpr int P = panel_columns<T>;

    const Model& model;
    const Pass<T>& pass;
    int first, count;
    T* scratch;  // the thread's own

    // Also several blocks on end.
    Block(const Model& of, const Pass<T>& in, int number, T* own, int blocks = 1)
        : model(of), pass(in), first(number * fallline::block_rows),
          count(in.count - first < blocks * fallline::block_rows ? in.count - first
                                                                 : blocks * fallline::block_rows),
          scratch(own) {}

    // The block's rows of one panel of what lies at `where`.
    T* at(std::int64_t where, int panel) const {
        return pass.memory + where * pass.capacity +
               (std::int64_t(panel) * pass.capacity + first) * P;
    }
    std::int64_t row(int r) const {
        return pass.rows ? pass.rows[first + r] : pass.first_row + first + r;
    }
    std::uint32_t position(int r) const {
        return static_cast<std::uint32_t>(pass.positions[first + r]);
    }
};

// Calls call(one) for each block of several on end: a thread has memory for one at a time.
template <class T, class Call>
FALLLINE_INLINE void by_blocks(const Block<T>& block, Call&& call) {
    constexpr int B = fallline::block_rows;
    for (int i = 0; i * B < block.count; ++i)
        call(Block<T>(block.model, block.pass, block.first / B + i, block.scratch));
}

FALLLINE_INLINE int columns_in(int width, int panel, int p) {
    return width - p * panel < panel ? width - p * panel : panel;
}

// --- rows of matrices ------------------------------------------------------------------------

// Calls call(j, x) for the stored numbers of a compressed row within `width` columns.
template <class T, class Call>
FALLLINE_INLINE void by_entry(const fallline::Matrix& X, std::int64_t row, int column, int width,
                              Call&& call) {
    const auto walk = [&](auto* starts, auto* columns) {
        const T* data = reinterpret_cast<const T*>(X.data);
        for (auto i = starts[row]; i < starts[row + 1]; ++i) {
            const std::int64_t j = std::int64_t(columns[i]) - column;
            if (j >= 0 && j < width) call(static_cast<int>(j), data[i]);
        }
    };
    if (X.wide_indices)
        walk(static_cast<const std::int64_t*>(X.starts), static_cast<const std::int64_t*>(X.columns));
    else
        walk(static_cast<const std::int32_t*>(X.starts), static_cast<const std::int32_t*>(X.columns));
}

// Copies n numbers, which need not be aligned: rows are short, and a call takes longer than they do.
template <class T>
FALLLINE_INLINE void copy(T* to, const void* from, int n) {
    constexpr int L = lanes<T>;
    const char* at = static_cast<const char*>(from);
    for (; n >= L; n -= L, to += L, at += FALLLINE_VECTOR_BYTES)
        std::memcpy(to, at, FALLLINE_VECTOR_BYTES);
#if defined(__AVX512F__) && FALLLINE_VECTOR_BYTES == 64
    if (n > 0) store_part(to, load_part(reinterpret_cast<const T*>(at), n), n);
#else
    for (int i = 0; i < n; ++i) std::memcpy(to + i, at + i * sizeof(T), sizeof(T));
#endif
}

// Copies `width` numbers of a row of the user's matrix, from a column on.
template <class T>
FALLLINE_INLINE void read_row(const fallline::Matrix& from, std::int64_t row, int column, int width,
                              T* to) {
    if (from.sparse) {
        std::memset(to, 0, width * sizeof(T));
        by_entry<T>(from, row, column, width, [to](int j, T x) { to[j] += x; });
        return;
    }
    const char* at = from.data + row * from.row_stride + column * from.column_stride;
    if (from.column_stride == sizeof(T)) {
        copy(to, at, width);
        return;
    }
    for (int i = 0; i < width; ++i, at += from.column_stride) std::memcpy(to + i, at, sizeof(T));
}

// Copies the rows of an input, whose numbers lie side by side, into panels `begin` to `end`: each from its
// beginning to its end, as memory is read fastest.
template <class T>
void read_rows(const Block<T>& block, const Node& node, int begin, int end) {
    constexpr int P = Block<T>::P, L = lanes<T>;
    const fallline::Matrix X = block.pass.X;
    const std::ptrdiff_t apart = block.at(node.o, 1) - block.at(node.o, 0);
    T* first = block.at(node.o, begin);
    const int width = (end * P < node.width ? end * P : node.width) - begin * P, rows = block.count;
    for (int r = 0; r < rows; ++r, first += P) {
        const char* at =
            X.data + block.row(r) * X.row_stride + (node.column + begin * P) * X.column_stride;
        T* to = first;
        int left = width;
        for (; left >= P; left -= P, to += apart, at += P * sizeof(T)) {
            std::memcpy(to, at, FALLLINE_VECTOR_BYTES);
            std::memcpy(to + L, at + FALLLINE_VECTOR_BYTES, FALLLINE_VECTOR_BYTES);
        }
        copy(to, at, left);
    }
}

// --- between panels and plain rows -----------------------------------------------------------

template <class T>
void to_panels(const Block<T>& block, const Node& node, const T* from, int r, std::int64_t where) {
    constexpr int P = Block<T>::P;
    for (int p = 0; p * P < node.width; ++p)
        copy(block.at(where, p) + std::ptrdiff_t(r) * P, from + p * P,
             columns_in(node.width, P, p));
}

template <class T>
void unpack(const Block<T>& block, const Node& node, std::int64_t where, T* to) {
    constexpr int P = Block<T>::P;
    for (int p = 0; p * P < node.width; ++p)
        for (int r = 0; r < block.count; ++r)
            copy(to + std::ptrdiff_t(r) * node.width + p * P,
                 block.at(where, p) + std::ptrdiff_t(r) * P, columns_in(node.width, P, p));
}

// Puts 0 beyond the columns of a layer, as the padding of gradients must be.
template <class T>
void clear_padding(const Block<T>& block, const Node& node, std::int64_t where) {
    constexpr int P = Block<T>::P, L = lanes<T>;
    const fallline::Panel& last = node.panels[node.panel_count - 1];
    for (int column = last.columns / L * L; column < last.lanes; column += L) {
        const Mask<T> there = first_of<T>(last.columns - column);
        T* at = block.at(where, node.panel_count - 1) + column;
        for (int r = 0; r < block.count && last.columns < last.lanes; ++r, at += P)
            store(at, select(there, load(at), all<T>(0)));  // a row has room for whole vectors
    }
}

template <class T>
void pack(const Block<T>& block, const Node& node, const T* from, std::int64_t where) {
    for (int r = 0; r < block.count; ++r)
        to_panels(block, node, from + std::ptrdiff_t(r) * node.width, r, where);
    clear_padding(block, node, where);
}

}  // namespace FALLLINE_NS
