// What the machine can do.

#pragma once

namespace fallline {

// The highest instruction set level that processor and operating system support together:
// "x86-64-v2", "x86-64-v3" or "x86-64-v4" (the levels of the x86-64 psABI), "aarch64", or
// "generic" for everything else. The machine alone decides; no environment variable is read.
const char* instruction_set();

}  // namespace fallline
