#include "pool.hpp"

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fallline {

namespace {

constexpr int spins = 2000;  // a few microseconds: about what a phase of a small step takes

void pause() {
#if defined(__x86_64__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Waits until `value` is no longer `old`: for a moment awake, then asleep.
int await_change(std::atomic<int>& value, int old) {
    for (int i = 0; i < spins; ++i) {
        const int now = value.load(std::memory_order_acquire);
        if (now != old) return now;
        pause();
    }
    value.wait(old, std::memory_order_acquire);
    return value.load(std::memory_order_acquire);
}

}  // namespace

Pool::Pool(int threads) : threads_(threads), stretches_(new Stretch[threads]) {
    for (int thread = 1; thread < threads; ++thread) {
        try {
            workers_.emplace_back([this, thread] { work(thread); });
        } catch (const std::system_error&) {
            break;  // the machine gives no more: those that are there do the work
        }
    }
    threads_ = static_cast<int>(workers_.size()) + 1;
}

Pool::~Pool() {
    over_ = true;
    phase_.fetch_add(1, std::memory_order_release);
    phase_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

void Pool::share(int count, const int* ends, Call call, void* what) {
    call_ = call;
    what_ = what;
    for (int i = 0, begin = 0; i < threads_; begin = stretches_[i++].end) {
        stretches_[i].next.store(begin, std::memory_order_relaxed);
        stretches_[i].end = ends ? ends[i] : static_cast<int>(std::int64_t(count) * (i + 1) / threads_);
    }
    busy_.store(threads_ - 1, std::memory_order_relaxed);
    phase_.fetch_add(1, std::memory_order_release);
    phase_.notify_all();
    take(0);
    for (int left = busy_.load(std::memory_order_acquire); left != 0;)
        left = await_change(busy_, left);
}

void Pool::take(int thread) {
    for (int k = 0; k < threads_; ++k) {
        Stretch& some = stretches_[(thread + k) % threads_];
        for (int i; (i = some.next.fetch_add(1, std::memory_order_relaxed)) < some.end;)
            call_(what_, thread, i);
    }
}

void Pool::work(int thread) {
    const FlushSmall flush;
    for (int phase = 0;;) {
        // One by one: a phase ends only when every worker has seen it.
        await_change(phase_, phase);
        ++phase;
        if (over_) return;
        take(thread);
        if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
    }
}

#if defined(__x86_64__)

FlushSmall::FlushSmall() : before_(_mm_getcsr()) {
    _mm_setcsr(static_cast<unsigned>(before_) | 0x8040);  // flush to zero, denormals are zero
}
FlushSmall::~FlushSmall() {
    _mm_setcsr((_mm_getcsr() & ~0x8040u) | (static_cast<unsigned>(before_) & 0x8040u));
}

#elif defined(__aarch64__)

FlushSmall::FlushSmall() {
    asm volatile("mrs %0, fpcr" : "=r"(before_));
    asm volatile("msr fpcr, %0" ::"r"(before_ | (1u << 24)));
}
FlushSmall::~FlushSmall() { asm volatile("msr fpcr, %0" ::"r"(before_)); }

#else

FlushSmall::FlushSmall() : before_(0) {}
FlushSmall::~FlushSmall() {}

#endif

}  // namespace fallline
