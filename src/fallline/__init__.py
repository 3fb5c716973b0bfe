"""fallline trains feed-forward neural networks by gradient descent.

Each public name lives in the module that defines it, and is imported when it is first used (PEP
562), so that ``import fallline`` costs next to nothing. The one list of them is ``__init__.pyi``,
beside this file: type checkers read it, editors read it, and so does the code below.
"""

import sys
from importlib import import_module

__version__ = "0.1.0"


def _public_names() -> dict[str, str]:
    """Return ``{name: module}`` from the stub's lines ``from .module import name as name``."""
    stub = __spec__.loader.get_data(__file__ + "i").decode()
    words = [line.split() for line in stub.splitlines() if line.startswith("from .")]
    return {name: module for _, module, _, name, *_ in words}


_MODULE_OF = _public_names()
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(
            f"module '{__name__}' has no attribute '{name}'", name=name, obj=sys.modules[__name__]
        )
    module = _MODULE_OF[name]
    if module == ".":  # a submodule is public as a whole
        return import_module(f".{name}", __name__)
    value = getattr(import_module(module, __name__), name)
    # The package studio, once imported, has its name here, and is called as its function is.
    return globals().setdefault(name, value)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
