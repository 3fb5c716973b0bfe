// The door between Python and the kernel: it translates arguments and results, and computes nothing.

#include <nanobind/nanobind.h>

#include "cpu.hpp"

NB_MODULE(_core, module) {
    module.doc() = "The C++ core of fallline.";
    module.def("version", [] { return FALLLINE_VERSION; },
               "Return the version of fallline that this core was built from.");
    module.def("instruction_set", &fallline::instruction_set,
               "Return the instruction set level of this machine, such as 'x86-64-v3'.");
}
