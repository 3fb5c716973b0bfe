#include "cpu.hpp"

namespace fallline {

#if defined(__x86_64__) && defined(__GNUC__)

// The features are asked for one by one because older compilers do not know the levels by name.
// Listed are those that tell the levels apart; no processor has these without the rest.
const char* instruction_set() {
    __builtin_cpu_init();
    const bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
    const bool v3 = v2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
    return v4 ? "x86-64-v4" : v3 ? "x86-64-v3" : v2 ? "x86-64-v2" : "generic";
}

#elif defined(__aarch64__) || defined(_M_ARM64)

const char* instruction_set() { return "aarch64"; }

#else

const char* instruction_set() { return "generic"; }

#endif

}  // namespace fallline
