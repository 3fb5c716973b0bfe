// The rows of the tables, from the plain data of a model to those of elements/.

#pragma once

#include "../elements/losses.hpp"
#include "../kernel.hpp"

namespace FALLLINE_NS {

static_assert(sizeof(Instruction) == sizeof(fallline::Instruction));

// A program over the memory of a model, whose instructions are laid out alike.
FALLLINE_INLINE Program program_of(const fallline::Instruction* code, int length, int registers) {
    return {reinterpret_cast<const Instruction*>(code), length, registers};
}

struct ActivationRow {
    Program value, slope;
    ActivationSpec spec;

    FALLLINE_INLINE explicit ActivationRow(const fallline::Row& row)
        : value(program_of(row.value, row.value_length, row.value_registers)),
          slope(program_of(row.slope, row.slope_length, row.slope_registers)) {
        spec.kind = static_cast<Activation>(row.kind);
        for (int i = 0; i < 4; ++i) spec.settings[i] = row.settings[i];
        spec.value = &value;
        spec.slope = &slope;
    }
    ActivationRow(const ActivationRow&) = delete;
};

// Settings of an error: delta; or smoothing and clip.
struct LossRow {
    Program value, slope;
    LossSpec spec;

    FALLLINE_INLINE explicit LossRow(const fallline::Model& model)
        : value(program_of(model.loss.value, model.loss.value_length, model.loss.value_registers)),
          slope(program_of(model.loss.slope, model.loss.slope_length, model.loss.slope_registers)) {
        const fallline::Row& row = model.loss;
        spec.kind = static_cast<Loss>(row.kind);
        spec.delta = spec.smoothing = row.settings[0];
        spec.clip = row.settings[1];
        spec.levels = row.list;
        spec.level_count = row.list_count;
        spec.output_weights = row.weights;
        spec.weight_count = row.weight_count;
        spec.value = &value;
        spec.slope = &slope;
        spec.pair = model.fused;
    }
    LossRow(const LossRow&) = delete;
};

// Calls visit(Unit<kind>{}) for the kinds that most layers have; returns whether it is one.
template <class Visit>
FALLLINE_INLINE bool with_usual_unit(int kind, Visit&& visit) {
    switch (static_cast<Activation>(kind)) {
        case Activation::identity: visit(Unit<Activation::identity>{}); return true;
        case Activation::relu: visit(Unit<Activation::relu>{}); return true;
        case Activation::tanh: visit(Unit<Activation::tanh>{}); return true;
        case Activation::logistic: visit(Unit<Activation::logistic>{}); return true;
        default: return false;
    }
}

// o = f(h), and d times f's slope, for those kinds and `count` numbers on end, of whole vectors; returns
// whether it is such a kind. Most layers take longer for the questions that other kinds ask.
template <class T>
[[gnu::noinline]] bool activate_usual(const fallline::Row& row, const T* h, T* o,
                                      std::ptrdiff_t count) {
    const T a = static_cast<T>(row.settings[0]);
    return with_usual_unit(row.kind, [&](auto unit) {
        for (std::ptrdiff_t i = 0; i < count; i += lanes<T>) store(o + i, unit.f(load(h + i), a));
    });
}
template <class T>
[[gnu::noinline]] bool activate_usual_back(const fallline::Row& row, const T* h, const T* o, T* d,
                                           std::ptrdiff_t count) {
    const T a = static_cast<T>(row.settings[0]);
    return with_usual_unit(row.kind, [&](auto unit) {
        for (std::ptrdiff_t i = 0; i < count; i += lanes<T>)
            store(d + i, load(d + i) * unit.slope(load(h + i), load(o + i), a));
    });
}

// Calls body(at, n) for the vectors of rows of a panel that is not full, whose other columns stay.
template <class T, class Body>
FALLLINE_INLINE void over_columns(int rows, int columns, Body&& body) {
    constexpr int L = lanes<T>;
    by_vector<T>(columns, [&](std::ptrdiff_t column, int n) {
        for (int r = 0; r < rows; ++r) body(std::ptrdiff_t(r) * 2 * L + column, n);
    });
}

// The same of such panels.
template <class T>
[[gnu::noinline]] bool activate_part(const fallline::Row& row, const T* h, T* o, int rows, int columns) {
    const T a = static_cast<T>(row.settings[0]);
    return with_usual_unit(row.kind, [&](auto unit) {
        over_columns<T>(rows, columns, [&](std::ptrdiff_t at, int n) {
            store_some(o + at, unit.f(load(h + at), a), n);
        });
    });
}
template <class T>
[[gnu::noinline]] bool activate_part_back(const fallline::Row& row, const T* h, const T* o, T* d,
                                          int rows, int columns) {
    const T a = static_cast<T>(row.settings[0]);
    return with_usual_unit(row.kind, [&](auto unit) {
        over_columns<T>(rows, columns, [&](std::ptrdiff_t at, int n) {
            store_some(d + at, load(d + at) * unit.slope(load(h + at), load(o + at), a), n);
        });
    });
}

// d = δ·w times f's slope, of rows of a panel, where a layer feeds a single unit with the weights w.
template <class T>
[[gnu::noinline]] bool back_from_unit(const fallline::Row& row, const T* h, const T* o, const T* delta,
                                      const T* w, T* d, int rows, int columns) {
    const T a = static_cast<T>(row.settings[0]);
    return with_usual_unit(row.kind, [&](auto unit) {
        constexpr int L = lanes<T>;
        const auto back = [&](int r, int column, Vec<T> weights) __attribute__((always_inline)) {
            const std::ptrdiff_t first = std::ptrdiff_t(r) * 2 * L, at = first + column;
            return Vec<T>(delta[first]) * weights * unit.slope(load(h + at), load(o + at), a);
        };
        if (columns == 2 * L) {
            const Vec<T> low = load(w), high = load(w + L);
            for (int r = 0; r < rows; ++r, d += 2 * L) {
                store(d, back(r, 0, low));
                store(d + L, back(r, L, high));
            }
        } else {
            by_vector<T>(columns, [&](std::ptrdiff_t column, int n) {
                const Vec<T> some = load_some(w + column, n);
                for (int r = 0; r < rows; ++r)
                    store_some(d + std::ptrdiff_t(r) * 2 * L + column, back(r, int(column), some), n);
            });
        }
    });
}

// Whether outputs are those of a softmax that the error takes itself: see `softmax_errors`.
template <class T>
FALLLINE_INLINE bool has_softmax_errors(const fallline::Model& model) {
    return static_cast<Loss>(model.loss.kind) == Loss::cross_entropy && model.fused &&
           model.outputs <= narrow_width<T>;
}

}  // namespace FALLLINE_NS
