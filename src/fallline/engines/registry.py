"""The table of engines, and the choice among them by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Any

from ..errors import EngineWarning, MissingExtraError, SpecError, warn
from ..formulas.checks import Setting
from ..formulas.registry import Family, Registry
from .protocol import Engine

__all__ = ["ENGINES", "EngineRow", "get_engine"]


@dataclass(frozen=True)
class EngineRow:
    """One engine: its name, what it is for, how to make it, and its name without settings."""

    name: str
    purpose: str
    make: Callable[[], Engine]
    family: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "family", self.family or self.name)


def _reference() -> Engine:
    from .reference import ReferenceEngine

    return ReferenceEngine()


def _native() -> Engine:
    try:
        from .native import NativeEngine
    except ImportError as error:
        raise SpecError(
            f"the native engine needs the C++ core, which this install lacks ({error}); install "
            "fallline where a C++20 compiler is, or take engine='reference'"
        ) from None
    return NativeEngine()


def _xla(devices: Any, products: Any) -> EngineRow:
    def make() -> Engine:
        try:
            from .xla import XlaEngine
        except ImportError as error:
            raise MissingExtraError("jax", "jax", "the xla engine") from error
        return XlaEngine(devices, products)

    return EngineRow("xla", "JAX: accelerators, several devices and hosts", make)


_DEVICES = Setting(
    1,
    "a whole number of at least 1, or 'all'",
    lambda v: v if v == "all" or (type(v) is int and v > 0) else None,
)
_PRODUCTS = ("highest", "high", "default", "bfloat16")
_AS = Setting("highest", "one of " + ", ".join(_PRODUCTS), lambda v: v if v in _PRODUCTS else None)

ENGINES: Registry[EngineRow] = Registry(
    "engine",
    [
        EngineRow("reference", "NumPy: the definition, for reading and checking", _reference),
        EngineRow("native", "C++: the fastest on a CPU", _native),
        Family("xla", {"devices": _DEVICES, "products": _AS}, _xla),
    ],
    aliases={"auto": "native"},  # where it is there; see `get_engine`
)


@cache
def get_engine(name: str = "auto") -> Engine:
    """Return the engine called `name`; ``"auto"`` is the fastest that this machine has.

    That is the native engine; without the C++ core the reference engine, with a warning, once.

    Raises
    ------
    SpecError
        For an unknown name, with a suggestion.
    """
    return _fastest() if name == "auto" else ENGINES[name].make()


def _fastest() -> Engine:
    if find_spec(f"{__package__.partition('.')[0]}._core"):
        return get_engine("native")
    warn(
        "this install of fallline has no C++ core, so everything is computed in NumPy, many times "
        "slower; install it where a C++20 compiler is (pip install -v fallline shows what failed)",
        EngineWarning,
    )
    return get_engine("reference")
