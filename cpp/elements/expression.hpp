// Formulas of the user's own: programs of few operations, computed over vectors.
//
// A program is the list of steps of fallline/formulas/expression_program.py with every chain of
// `add`, `mul`, `max` and `min` written as operations of two. As it comes, the arguments of an
// instruction are the numbers of earlier instructions; `assign_registers` then lets results that
// are needed no more give their place to later ones.

#pragma once

#include "math.hpp"

namespace FALLLINE_NS {

enum class Op : std::int32_t {
    constant, input,
    add, mul, div, neg, choose, pow,
    exp, log, log1p, expm1, sqrt, abs, sign, tanh, sinh, cosh, sin, cos, atan, erf,
    sigmoid, softplus, logcosh, relu, max, min,
};

struct Instruction {
    Op op;
    std::int32_t target;        // the register that gets the result
    std::int32_t arguments[4];  // registers; of an input, which one it is
    double value;               // the constant, or the exponent of a power
};

// The result is that of the last instruction.
struct Program {
    const Instruction* code;
    std::int32_t length;
    std::int32_t registers;
};

inline int argument_count(Op op) {
    switch (op) {
        case Op::constant: case Op::input: return 0;
        case Op::add: case Op::mul: case Op::div: case Op::max: case Op::min: return 2;
        case Op::choose: return 4;
        default: return 1;
    }
}

// Turns numbers of instructions into registers, in place, and returns how many registers there are.
// `scratch` has room for 3 * length numbers.
inline std::int32_t assign_registers(Instruction* code, std::int32_t length,
                                     std::int32_t* scratch) {
    std::int32_t *last = scratch, *place = scratch + length, *unused = scratch + 2 * length;
    std::int32_t registers = 0, waiting = 0;
    for (std::int32_t i = 0; i < length; ++i) {
        last[i] = i;
        for (int a = 0; a < argument_count(code[i].op); ++a) last[code[i].arguments[a]] = i;
    }
    for (std::int32_t i = 0; i < length; ++i) {
        for (int a = 0; a < argument_count(code[i].op); ++a) {
            const std::int32_t from = code[i].arguments[a];
            code[i].arguments[a] = place[from];
            if (last[from] == i) {
                unused[waiting++] = place[from];
                last[from] = -1;  // given back once, however often it is an argument
            }
        }
        code[i].target = place[i] = waiting > 0 ? unused[--waiting] : registers++;
    }
    return registers;
}

// yes where u > v, no where u <= v, and NaN where u or v is.
template <class T>
FALLLINE_INLINE Vec<T> choose(Vec<T> u, Vec<T> v, Vec<T> yes, Vec<T> no) {
    return select(u > v, yes, select(u <= v, no, u + v));
}

template <class T>
FALLLINE_INLINE Vec<T> sign(Vec<T> x) {
    return select(x > all<T>(0), all<T>(1), select(x < all<T>(0), all<T>(-1), x));
}

template <class T>
FALLLINE_INLINE Vec<T> positive_part(Vec<T> x) {
    return select(x <= all<T>(0), all<T>(0), x);
}

// Applies one instruction to `count` neighbouring vectors of each register.
template <class T>
struct Step {
    Vec<T>* registers;
    int count;  // vectors of a register

    template <class F>
    FALLLINE_INLINE void one(const Instruction& at, F f) {
        const Vec<T>* x = registers + at.arguments[0] * count;
        Vec<T>* to = registers + at.target * count;
        for (int i = 0; i < count; ++i) to[i] = f(x[i]);
    }

    template <class F>
    FALLLINE_INLINE void two(const Instruction& at, F f) {
        const Vec<T>* x = registers + at.arguments[0] * count;
        const Vec<T>* y = registers + at.arguments[1] * count;
        Vec<T>* to = registers + at.target * count;
        for (int i = 0; i < count; ++i) to[i] = f(x[i], y[i]);
    }

    void take(const Instruction& at) {
        using V = Vec<T>;
        switch (at.op) {
            case Op::add: two(at, [](V x, V y) { return x + y; }); break;
            case Op::mul: two(at, [](V x, V y) { return x * y; }); break;
            case Op::div: two(at, [](V x, V y) { return x / y; }); break;
            case Op::max: two(at, [](V x, V y) { return choose(x, y, x, y); }); break;
            case Op::min: two(at, [](V x, V y) { return choose(y, x, x, y); }); break;
            case Op::neg: one(at, [](V x) { return -x; }); break;
            case Op::pow: one(at, [&](V x) { return pow(x, at.value); }); break;
            case Op::exp: one(at, [](V x) { return exp(x); }); break;
            case Op::log: one(at, [](V x) { return log(x); }); break;
            case Op::log1p: one(at, [](V x) { return log1p(x); }); break;
            case Op::expm1: one(at, [](V x) { return expm1(x); }); break;
            case Op::sqrt: one(at, [](V x) { return sqrt(x); }); break;
            case Op::abs: one(at, [](V x) { return abs(x); }); break;
            case Op::sign: one(at, [](V x) { return sign(x); }); break;
            case Op::tanh: one(at, [](V x) { return tanh(x); }); break;
            case Op::sinh: one(at, [](V x) { return sinh(x); }); break;
            case Op::cosh: one(at, [](V x) { return cosh(x); }); break;
            case Op::sin: one(at, [](V x) { return sin(x); }); break;
            case Op::cos: one(at, [](V x) { return cos(x); }); break;
            case Op::atan: one(at, [](V x) { return atan(x); }); break;
            case Op::erf: one(at, [](V x) { return erf(x); }); break;
            case Op::sigmoid: one(at, [](V x) { return logistic(x); }); break;
            case Op::softplus: one(at, [](V x) { return softplus(x); }); break;
            case Op::logcosh: one(at, [](V x) { return log_cosh(x); }); break;
            case Op::relu: one(at, [](V x) { return positive_part(x); }); break;
            case Op::choose: {
                const auto x = [&](int a, int i) { return registers[at.arguments[a] * count + i]; };
                for (int i = 0; i < count; ++i)
                    registers[at.target * count + i] = choose(x(0, i), x(1, i), x(2, i), x(3, i));
                break;
            }
            case Op::constant: case Op::input: break;  // these are loaded
        }
    }
};

// Computes a program for `count` places; sink(at, result, n) gets each vector of results.
template <class T, class Sink>
inline void run(const Program& program, const T* const* inputs, std::ptrdiff_t count, Vec<T>* room,
                int vectors, Sink&& sink) {
    constexpr std::ptrdiff_t L = lanes<T>;
    const Instruction& end = program.code[program.length - 1];
    for (std::ptrdiff_t at = 0; at < count; at += vectors * L) {
        const std::ptrdiff_t left = count - at;
        const int used = static_cast<int>(left < vectors * L ? (left + L - 1) / L : vectors);
        const auto part = [&](int i) {
            return static_cast<int>(left - i * L < L ? left - i * L : L);
        };
        for (std::int32_t k = 0; k < program.length; ++k) {
            const Instruction& step = program.code[k];
            Vec<T>* to = room + step.target * used;
            if (step.op == Op::constant) {
                for (int i = 0; i < used; ++i) to[i] = all<T>(step.value);
            } else if (step.op == Op::input) {
                const T* from = inputs[step.arguments[0]] + at;
                for (int i = 0; i < used; ++i) to[i] = load_some(from + i * L, part(i));
            } else {
                Step<T>{room, used}.take(step);
            }
        }
        for (int i = 0; i < used; ++i) {
            Vec<T> result = room[end.target * used + i];
            if (end.op == Op::constant) {  // a formula without names is NaN where its argument is
                const Vec<T> first = load_some(inputs[0] + at + i * L, part(i));
                result = select(is_nan(first), first, result);
            }
            sink(at + i * L, result, part(i));
        }
    }
}

template <class T, class Sink>
inline void run(const Program& program, const T* const* inputs, std::ptrdiff_t count, Sink&& sink) {
    constexpr std::int32_t room = 256;  // vectors on the stack
    if (program.registers <= room) {
        Vec<T> own[room];
        const int vectors = room / program.registers < 4 ? 1 : 4;
        run(program, inputs, count, own, vectors, sink);
    } else {
        Vec<T>* own = new Vec<T>[program.registers];
        run(program, inputs, count, own, 1, sink);
        delete[] own;
    }
}

// out = the formula's value, for `count` neighbouring places of each input.
template <class T>
inline void evaluate(const Program& program, const T* const* inputs, T* out, std::ptrdiff_t count) {
    run(program, inputs, count,
        [out](std::ptrdiff_t at, Vec<T> result, int n) { store_some(out + at, result, n); });
}

// out = out times the formula's value.
template <class T>
inline void multiply(const Program& program, const T* const* inputs, T* out, std::ptrdiff_t count) {
    run(program, inputs, count, [out](std::ptrdiff_t at, Vec<T> result, int n) {
        store_some(out + at, load_some(out + at, n) * result, n);
    });
}

}  // namespace FALLLINE_NS
