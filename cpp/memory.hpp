// Memory aligned for vectors, zero at first.

#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

namespace fallline {

template <class T>
class Numbers {
public:
    Numbers() = default;
    explicit Numbers(std::size_t size) : size_(size), data_(made(size)) {
        if (size) std::memset(data_, 0, size * sizeof(T));
    }
    Numbers(const Numbers& other) : size_(other.size_), data_(made(other.size_)) {
        if (size_) std::memcpy(data_, other.data_, size_ * sizeof(T));
    }
    Numbers(Numbers&& other) noexcept { swap(other); }
    Numbers& operator=(Numbers other) noexcept {
        swap(other);
        return *this;
    }
    ~Numbers() {
        if (data_) ::operator delete(data_, std::align_val_t(alignment));
    }

    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }
    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }

private:
    static constexpr std::size_t alignment = 64;

    static T* made(std::size_t size) {
        if (!size) return nullptr;
        return static_cast<T*>(::operator new(size * sizeof(T), std::align_val_t(alignment)));
    }
    void swap(Numbers& other) noexcept {
        std::swap(size_, other.size_);
        std::swap(data_, other.data_);
    }

    std::size_t size_ = 0;
    T* data_ = nullptr;
};

}  // namespace fallline
