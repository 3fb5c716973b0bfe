// Activations of whole layers: `activate` and `activate_back` for rows x width values.

#pragma once

#include "activations.hpp"
#include "columns.hpp"

namespace FALLLINE_NS {

// Calls body(at, count) for each piece of a block that has no gaps. The body stands there once: each
// element of the tables is such a body, and twice would be twice the code.
template <class Body>
FALLLINE_INLINE void over_pieces(std::ptrdiff_t rows, std::ptrdiff_t width, std::ptrdiff_t stride,
                                 Body&& body) {
    const bool whole = stride == width;
    const std::ptrdiff_t end = (whole ? 1 : rows) * stride, count = whole ? rows * width : width;
    for (std::ptrdiff_t at = 0; at < end; at += stride) body(at, count);
}

// Calls body(at, n) over a block of rows, by vectors; rows without gaps are taken as one long row.
template <class T, class Body>
FALLLINE_INLINE void over_block(std::ptrdiff_t rows, std::ptrdiff_t width, std::ptrdiff_t stride,
                                Body&& body) {
    over_pieces(rows, width, stride, [&](std::ptrdiff_t first, std::ptrdiff_t count) {
        by_vector<T>(count, [&](std::ptrdiff_t at, int n) { body(first + at, n); });
    });
}

// --- softmax -----------------------------------------------------------------------------------

template <class T>
inline void softmax_row(const T* h, T* o, std::ptrdiff_t width) {
    const Vec<T> top(greatest_of(h, width));
    Vec<T> total = all<T>(0);
    by_vector<T>(width, [&](std::ptrdiff_t at, int n) {
        const Vec<T> e = exp(load_some(h + at, n) - top);
        total = total + (n == lanes<T> ? e : select(first_of<T>(n), e, all<T>(0)));
        store_some(o + at, e, n);
    });
    const Vec<T> divisor(sum(total));
    by_vector<T>(width, [&](std::ptrdiff_t at, int n) {
        store_some(o + at, load_some(o + at, n) / divisor, n);
    });
}

// The same of narrow rows, of as many at a time as a vector has lanes; o may be h.
template <class T>
inline void softmax_narrow(const T* h, T* o, std::ptrdiff_t rows, std::ptrdiff_t width,
                           std::ptrdiff_t stride) {
    by_vector<T>(rows, [&](std::ptrdiff_t row, int n) {
        Vec<T> e[narrow_width<T>];
        load_columns(h + row * stride, stride, n, width, e);
        Vec<T> top = e[0], total = all<T>(0);
        for (std::ptrdiff_t j = 1; j < width; ++j) top = max(top, e[j]);
        for (std::ptrdiff_t j = 0; j < width; ++j) {
            e[j] = exp(e[j] - top);
            total += e[j];
        }
        for (std::ptrdiff_t j = 0; j < width; ++j) e[j] = e[j] / total;
        store_columns(e, o + row * stride, stride, n, width);
    });
}

template <class T>
inline void softmax_back_row(const T* o, T* delta, std::ptrdiff_t width) {
    Vec<T> total = all<T>(0);
    by_vector<T>(width, [&](std::ptrdiff_t at, int n) {
        total = total + load_some(delta + at, n) * load_some(o + at, n);
    });
    const Vec<T> joint(sum(total));
    by_vector<T>(width, [&](std::ptrdiff_t at, int n) {
        store_some(delta + at, load_some(o + at, n) * (load_some(delta + at, n) - joint), n);
    });
}

// --- ordered: each unit of a group above the one before it -------------------------------------

template <class T>
inline void ordered_row(const T* h, T* o, std::ptrdiff_t width, std::ptrdiff_t size) {
    by_vector<T>(width, [&](std::ptrdiff_t at, int n) {
        store_some(o + at, softplus(load_some(h + at, n)), n);
    });
    for (std::ptrdiff_t first = 0; first < width; first += size) {
        T level = o[first] = h[first];
        for (std::ptrdiff_t j = first + 1; j < first + size; ++j) level = o[j] = level + o[j];
    }
}

template <class T>
inline void ordered_back_row(const T* h, T* delta, std::ptrdiff_t width, std::ptrdiff_t size) {
    for (std::ptrdiff_t first = 0; first < width; first += size) {
        T after = 0;  // a unit moves itself and all that come after it
        for (std::ptrdiff_t j = first + size; j-- > first;) after = delta[j] = after + delta[j];
        const T own = delta[first];
        by_vector<T>(size, [&](std::ptrdiff_t at, int n) {
            const Vec<T> rise = logistic(load_some(h + first + at, n));
            store_some(delta + first + at, rise * load_some(delta + first + at, n), n);
        });
        delta[first] = h[first] == h[first] ? own : h[first] * own;
    }
}

// --- mean and variance: units in pairs ---------------------------------------------------------

// Which lanes of a block that begins at `first` are variances: the odd units of a row.
template <class T>
FALLLINE_INLINE Mask<T> variances(std::ptrdiff_t first) {
    Integers<T> odd = {};
#pragma GCC unroll 16
    for (int i = 0; i < lanes<T>; ++i) odd[i] = -((first + i) & 1);
    return {odd};
}

template <class T>
inline void mean_variance_row(const T* h, T* o, std::ptrdiff_t width) {
    by_vector<T>(width, [&](std::ptrdiff_t at, int n) {
        const Vec<T> z = load_some(h + at, n);
        const Mask<T> odd = variances<T>(at);
        store_some(o + at, select(odd, exp(select(odd, z, all<T>(0))), z), n);
    });
}

template <class T>
inline void mean_variance_back_row(const T* o, T* delta, std::ptrdiff_t width) {
    by_vector<T>(width, [&](std::ptrdiff_t at, int n) {
        const Vec<T> out = load_some(o + at, n);
        const Vec<T> slope = select(variances<T>(at), out, constant_like(1, out));
        store_some(delta + at, load_some(delta + at, n) * slope, n);
    });
}

// --- layers ------------------------------------------------------------------------------------

// o = f(h) for rows x width values, `stride` from row to row in both; o may be h.
template <class T>
inline void activate(const ActivationSpec& spec, const T* h, T* o, std::ptrdiff_t rows,
                     std::ptrdiff_t width, std::ptrdiff_t stride) {
    const T a = static_cast<T>(spec.settings[0]);
    const bool alone = with_unit(spec.kind, [&](auto unit) {
        over_block<T>(rows, width, stride, [&](std::ptrdiff_t at, int n) {
            store_some(o + at, unit.f(load_some(h + at, n), a), n);
        });
    });
    if (alone) return;
    if (spec.kind == Activation::expression) {
        return over_pieces(rows, width, stride, [&](std::ptrdiff_t at, std::ptrdiff_t count) {
            const T* inputs[] = {h + at};
            evaluate(*spec.value, inputs, o + at, count);
        });
    }
    if (spec.kind == Activation::softmax && width <= narrow_width<T>)
        return softmax_narrow(h, o, rows, width, stride);
    const auto groups = static_cast<std::ptrdiff_t>(spec.settings[0]);
    for (std::ptrdiff_t at = 0; at < rows * stride; at += stride) {
        switch (spec.kind) {
            case Activation::softmax: softmax_row(h + at, o + at, width); break;
            case Activation::ordered: ordered_row(h + at, o + at, width, width / groups); break;
            case Activation::mean_variance: mean_variance_row(h + at, o + at, width); break;
            default: break;
        }
    }
}

// From h, o and the slope of the error in o, which stands in `delta`, its slope in h, in its place.
template <class T>
inline void activate_back(const ActivationSpec& spec, const T* h, const T* o, T* delta,
                          std::ptrdiff_t rows, std::ptrdiff_t width, std::ptrdiff_t stride) {
    const T a = static_cast<T>(spec.settings[0]);
    const bool alone = with_unit(spec.kind, [&](auto unit) {
        over_block<T>(rows, width, stride, [&](std::ptrdiff_t at, int n) {
            const Vec<T> slope = unit.slope(load_some(h + at, n), load_some(o + at, n), a);
            store_some(delta + at, load_some(delta + at, n) * slope, n);
        });
    });
    if (alone) return;
    if (spec.kind == Activation::expression) {
        return over_pieces(rows, width, stride, [&](std::ptrdiff_t at, std::ptrdiff_t count) {
            const T* inputs[] = {h + at};
            multiply(*spec.slope, inputs, delta + at, count);
        });
    }
    const auto groups = static_cast<std::ptrdiff_t>(spec.settings[0]);
    for (std::ptrdiff_t at = 0; at < rows * stride; at += stride) {
        switch (spec.kind) {
            case Activation::softmax: softmax_back_row(o + at, delta + at, width); break;
            case Activation::ordered:
                ordered_back_row(h + at, delta + at, width, width / groups);
                break;
            case Activation::mean_variance:
                mean_variance_back_row(o + at, delta + at, width);
                break;
            default: break;
        }
    }
}

}  // namespace FALLLINE_NS
