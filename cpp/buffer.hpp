// Arrays of Python as plain memory, by the buffer protocol: no copy, whatever their strides.

#pragma once

#include <nanobind/nanobind.h>

#include <bit>
#include <stdexcept>
#include <string>

#include "descent.hpp"

namespace fallline {

namespace nb = nanobind;

// 'f' or 'i' for numbers in native order, by the buffer protocol's name of a format; else '?'.
inline char kind_of(const char* format) {
    if (!format) return '?';
    const char native = std::endian::native == std::endian::little ? '<' : '>';
    // '^': not aligned, which is read as it lies
    if (format[0] && (format[0] == '=' || format[0] == '^' || format[0] == native)) ++format;
    if (!format[0] || format[1]) return '?';
    switch (format[0]) {
        case 'f': case 'd': return 'f';
        case 'l': case 'q': case 'i': return 'i';
        default: return '?';
    }
}

// A view of an array while it lives. Throws where the array is not what was asked for.
class Buffer {
public:
    Buffer(nb::handle array, char kind, std::size_t bytes, bool writable = false) {
        const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(array.ptr(), &view_, flags) != 0) throw nb::python_error();
        if (!holds(kind, bytes)) {
            PyBuffer_Release(&view_);
            throw std::invalid_argument("the C++ core takes arrays of one dtype in native order");
        }
    }
    // A view of what may be no array at all: see `is_open`.
    Buffer(nb::handle array, std::size_t bytes) {
        if (!PyObject_CheckBuffer(array.ptr())) return;
        if (PyObject_GetBuffer(array.ptr(), &view_, PyBUF_STRIDES | PyBUF_FORMAT) != 0)
            PyErr_Clear();
        else if (!holds('f', bytes))
            PyBuffer_Release(&view_);
    }
    ~Buffer() { PyBuffer_Release(&view_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    bool is_open() const { return view_.obj != nullptr; }
    int axes() const { return view_.ndim; }
    template <class T>
    T* data() const { return static_cast<T*>(view_.buf); }
    std::int64_t size(int axis) const { return axis < view_.ndim ? view_.shape[axis] : 1; }
    std::int64_t stride(int axis) const {
        return axis < view_.ndim ? view_.strides[axis] : view_.itemsize;
    }
    // Whether it is as many numbers, one after the other.
    bool is_plain(std::int64_t count) const {
        return view_.ndim == 1 && view_.shape[0] == count &&
               (count <= 1 || view_.strides[0] == view_.itemsize);
    }
    void check_plain(std::int64_t count) const {
        if (!is_plain(count))
            throw std::invalid_argument("the C++ core takes plain vectors here, of " +
                                        std::to_string(count) + " numbers");
    }

private:
    bool holds(char kind, std::size_t bytes) const {
        return static_cast<std::size_t>(view_.itemsize) == bytes && kind_of(view_.format) == kind;
    }

    Py_buffer view_{};
};

}  // namespace fallline
