"""The C++ core, built from ``cpp/``; absent where it could not be compiled."""

def version() -> str:
    """Return the version of fallline that this core was built from."""

def instruction_set() -> str:
    """Return the instruction set level of this machine, such as ``'x86-64-v3'``."""
