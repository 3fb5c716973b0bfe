// What the machine can do, and which kernels are taken.

#pragma once

#include <string>
#include <vector>

#include "kernel.hpp"

namespace fallline {

// The highest instruction set level that processor and operating system support together:
// "x86-64-v2", "x86-64-v3" or "x86-64-v4" (the levels of the x86-64 psABI), "aarch64", or
// "generic" for everything else. The machine alone decides; no environment variable is read.
const char* instruction_set();

// The names of the kernels that run here, the fastest first: "v4", "v3", "v2", or "generic".
std::vector<std::string> kernel_names();

// The kernels of a name. Throws std::invalid_argument where they cannot run here.
template <class T>
const Kernel<T>& kernel_of(const std::string& name);

}  // namespace fallline
