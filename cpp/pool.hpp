// Threads that live as long as one call.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

namespace fallline {

// Shares the tasks of one phase after another among threads. Each begins with a stretch of its own, the
// same in each phase of as many tasks, so that what they touch stays in its core's cache, and then takes
// what others have left. So a task must not touch what another one of its phase writes.
class Pool {
public:
    explicit Pool(int threads);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return threads_; }

    // Calls task(thread, i) for each i below count and returns when all are done. `ends`, if not null, says
    // for each thread where its stretch ends; else all are as long.
    template <class Task>
    void run(int count, Task&& task, const int* ends = nullptr) {
        if (threads_ == 1 || count <= 1) {
            for (int i = 0; i < count; ++i) task(0, i);
            return;
        }
        auto call = [](void* what, int thread, int i) {
            (*static_cast<std::remove_reference_t<Task>*>(what))(thread, i);
        };
        share(count, ends, call, const_cast<void*>(static_cast<const void*>(&task)));
    }

private:
    using Call = void (*)(void*, int, int);

    void share(int count, const int* ends, Call call, void* what);
    void work(int thread);
    void take(int thread);

    struct alignas(64) Stretch {
        std::atomic<int> next{0};
        int end = 0;
    };

    int threads_;
    std::unique_ptr<Stretch[]> stretches_;
    std::vector<std::thread> workers_;
    Call call_ = nullptr;
    void* what_ = nullptr;
    alignas(64) std::atomic<int> phase_{0};
    alignas(64) std::atomic<int> busy_{0};
    bool over_ = false;
};

// While it lives, numbers too small for the full precision count as 0 in this thread: a step on
// them takes many times longer.
class FlushSmall {
public:
    FlushSmall();
    ~FlushSmall();
    FlushSmall(const FlushSmall&) = delete;
    FlushSmall& operator=(const FlushSmall&) = delete;

private:
    std::uint64_t before_;
};

}  // namespace fallline
