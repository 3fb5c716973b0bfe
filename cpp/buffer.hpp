// Arrays of Python as plain memory, by the buffer protocol: no copy, whatever their strides.

#pragma once

#include <nanobind/nanobind.h>

#include <bit>
#include <stdexcept>
#include <string>

#include "descent.hpp"

namespace fallline {

namespace nb = nanobind;

// A view of an array while it lives. Throws where the array is not what was asked for.
class Buffer {
public:
    Buffer(nb::handle array, char kind, std::size_t bytes, bool writable = false) {
        const int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(array.ptr(), &view_, flags) != 0) throw nb::python_error();
        if (static_cast<std::size_t>(view_.itemsize) != bytes || kind_of(view_.format) != kind) {
            PyBuffer_Release(&view_);
            throw std::invalid_argument("the C++ core takes arrays of one dtype in native order");
        }
    }
    ~Buffer() { PyBuffer_Release(&view_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;

    template <class T>
    T* data() const { return static_cast<T*>(view_.buf); }
    std::int64_t size(int axis) const { return axis < view_.ndim ? view_.shape[axis] : 1; }
    std::int64_t stride(int axis) const {
        return axis < view_.ndim ? view_.strides[axis] : view_.itemsize;
    }
    // As many numbers, one after the other.
    void check_plain(std::int64_t count) const {
        if (view_.ndim != 1 || view_.shape[0] != count ||
            (count > 1 && view_.strides[0] != view_.itemsize))
            throw std::invalid_argument("the C++ core takes plain vectors here, of " +
                                        std::to_string(count) + " numbers");
    }

private:
    static char kind_of(const char* format) {
        std::string text = format ? format : "B";
        const char native = std::endian::native == std::endian::little ? '<' : '>';
        if (text.size() == 2 && (text[0] == '=' || text[0] == '^' || text[0] == native))
            text.erase(0, 1);  // not aligned, which is read as it lies
        if (text.size() != 1) return '?';
        const char* known = "fdlqi";
        const auto at = std::string(known).find(text[0]);
        return at == std::string::npos ? '?' : at < 2 ? 'f' : 'i';
    }

    Py_buffer view_{};
};

}  // namespace fallline
