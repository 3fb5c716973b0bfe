#include "cpu.hpp"

#include <algorithm>
#include <stdexcept>

#define FALLLINE_DECLARE(name)               \
    namespace name {                         \
    const fallline::Kernel<float>& kernel_float();   \
    const fallline::Kernel<double>& kernel_double(); \
    }

#if defined(FALLLINE_X86)
FALLLINE_DECLARE(fallline_v2)
FALLLINE_DECLARE(fallline_v3)
FALLLINE_DECLARE(fallline_v4)
#else
FALLLINE_DECLARE(fallline_generic)
#endif
#undef FALLLINE_DECLARE

namespace fallline {

namespace {

struct Choice {
    const char* name;
    const Kernel<float>& (*of_float)();
    const Kernel<double>& (*of_double)();
};

#define FALLLINE_CHOICE(name) \
    {#name, fallline_##name::kernel_float, fallline_##name::kernel_double}
#if defined(FALLLINE_X86)
constexpr Choice choices[] = {FALLLINE_CHOICE(v4), FALLLINE_CHOICE(v3), FALLLINE_CHOICE(v2)};
#else
constexpr Choice choices[] = {FALLLINE_CHOICE(generic)};
#endif
#undef FALLLINE_CHOICE

}  // namespace

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

std::vector<std::string> kernel_names() {
    std::vector<std::string> names;
    for (const Choice& choice : choices) names.push_back(choice.name);
#if defined(FALLLINE_X86)
    const std::string level = instruction_set();
    const auto best = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
        return level == "x86-64-" + name;
    });
    names.erase(names.begin(), best);
#endif
    return names;
}

template <class T>
const Kernel<T>& kernel_of(const std::string& name) {
    const std::vector<std::string> possible = kernel_names();
    for (const Choice& choice : choices) {
        if (choice.name != name) continue;
        if (std::find(possible.begin(), possible.end(), name) == possible.end()) break;
        if constexpr (sizeof(T) == sizeof(float)) return choice.of_float();
        else return choice.of_double();
    }
    throw std::invalid_argument("the kernels '" + name + "' do not run on this machine");
}

template const Kernel<float>& kernel_of(const std::string& name);
template const Kernel<double>& kernel_of(const std::string& name);

}  // namespace fallline
