// Memory aligned for vectors, zero at first. Much of it asks for huge pages: an address of a small one is
// looked up again and again where more is touched than a processor remembers the pages of.

#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace fallline {

template <class T>
class Numbers {
public:
    Numbers() = default;
    explicit Numbers(std::size_t size) : Numbers(unset(size)) {
        if (size) std::memset(data_, 0, size * sizeof(T));
    }
    // What is written before it is read.
    static Numbers unset(std::size_t size) {
        Numbers made;
        made.size_ = size;
        made.data_ = Numbers::made(size);
        return made;
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
        if (data_) ::operator delete(data_, alignment(size_));
    }

    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }
    T& operator[](std::size_t i) { return data_[i]; }
    const T& operator[](std::size_t i) const { return data_[i]; }

private:
    static constexpr std::size_t huge = 2 << 20;

    static bool is_much(std::size_t size) { return size * sizeof(T) >= huge / 2; }
    static std::align_val_t alignment(std::size_t size) {
        return std::align_val_t(is_much(size) ? huge : 64);
    }

    static T* made(std::size_t size) {
        if (!size) return nullptr;
        std::size_t bytes = size * sizeof(T);
        if (is_much(size)) bytes = (bytes + huge - 1) / huge * huge;
        void* memory = ::operator new(bytes, alignment(size));
#if defined(__linux__)
        if (is_much(size)) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
        return static_cast<T*>(memory);
    }
    void swap(Numbers& other) noexcept {
        std::swap(size_, other.size_);
        std::swap(data_, other.data_);
    }

    std::size_t size_ = 0;
    T* data_ = nullptr;
};

}  // namespace fallline
