// Python's lock: given away while the kernel computes, and taken back.
//
// A daemon thread that asks for the lock while Python ends does not get it: before 3.14 Python ends
// the thread there and then, with glibc by unwinding its stack, which C++ takes for an error that
// nobody handles, and aborts the process. Such a thread sleeps here until the process is gone, as
// all do from 3.14 on.
#pragma once

#include <Python.h>

#if defined(__GLIBC__)
#include <cxxabi.h>
#include <unistd.h>
#endif

namespace fallline {

// Returns what `call` returns, which may want Python's lock.
template <typename Call>
auto or_sleep(const Call& call) {
#if defined(__GLIBC__)
    try {
        return call();
    } catch (abi::__forced_unwind&) {
        for (;;) pause();
    }
#else
    return call();
#endif
}

// Without Python's lock as long as it lives.
class Unlocked {
public:
    Unlocked() : thread_(PyEval_SaveThread()) {}
    ~Unlocked() {
        or_sleep([this] { PyEval_RestoreThread(thread_); });
    }
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

private:
    PyThreadState* thread_;
};

// With Python's lock as long as it lives.
class Locked {
public:
    Locked() : before_(or_sleep([] { return PyGILState_Ensure(); })) {}
    ~Locked() { PyGILState_Release(before_); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

private:
    PyGILState_STATE before_;
};

}  // namespace fallline
