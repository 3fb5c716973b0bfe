#include "cpu.hpp"

#include <string>
#include <stdexcept>

#if defined(FALLLINE_TILES)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define FALLLINE_DECLARE(name)               \
    namespace name {                         \
    const fallline::Kernel<float>& kernel_float();   \
    const fallline::Kernel<double>& kernel_double(); \
    }

#if defined(FALLLINE_X86)
FALLLINE_DECLARE(fallline_v2)
FALLLINE_DECLARE(fallline_v3)
FALLLINE_DECLARE(fallline_v4)
#define FALLLINE_TILED fallline_v4
#else
FALLLINE_DECLARE(fallline_generic)
#define FALLLINE_TILED fallline_generic
#endif
#if defined(FALLLINE_TILES)
namespace FALLLINE_TILED {
const fallline::Kernel<float>& kernel_float_tiles();
}
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
constexpr Choice choices[] = {
#if defined(FALLLINE_TILES)
    {"amx", FALLLINE_TILED::kernel_float_tiles, FALLLINE_TILED::kernel_double},
#endif
#if defined(FALLLINE_X86)
    FALLLINE_CHOICE(v4), FALLLINE_CHOICE(v3), FALLLINE_CHOICE(v2),
#else
    FALLLINE_CHOICE(generic),
#endif
};
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

namespace {

#if defined(FALLLINE_TILES)
// Whether this machine multiplies bfloat16 in tiles, and Linux lets this process do so.
bool asked_for_tiles() {
    constexpr unsigned bfloat16 = 1u << 22, tile = 1u << 24;
    constexpr long request_permission = 0x1023, tile_data = 18;
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (instruction_set() != std::string("x86-64-v4") || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return false;
    return (d & bfloat16) && (d & tile) && !syscall(SYS_arch_prctl, request_permission, tile_data);
}
// Asked once, as virtual machines take long over it; a process keeps its permission, also forked.
bool may_use_tiles() {
    static const bool may = asked_for_tiles();
    return may;
}
#else
bool may_use_tiles() { return false; }
#endif

bool runs(const std::string& name) {
    if (name == "amx") return may_use_tiles();
    return name == "generic" || "x86-64-" + name <= instruction_set();
}

}  // namespace

std::vector<std::string> kernel_names() {
    std::vector<std::string> names;
    for (const Choice& choice : choices)
        if (runs(choice.name)) names.push_back(choice.name);
    return names;
}

template <class T>
const Kernel<T>& kernel_of(const std::string& name) {
    for (const Choice& choice : choices) {
        if (choice.name != name || !runs(name)) continue;
        if constexpr (sizeof(T) == sizeof(float)) return choice.of_float();
        else return choice.of_double();
    }
    throw std::invalid_argument("the kernels '" + name + "' do not run on this machine");
}

template const Kernel<float>& kernel_of(const std::string& name);
template const Kernel<double>& kernel_of(const std::string& name);

}  // namespace fallline
