"""Python as text: calls that fold where they are long, and optimizers as one writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from ..arrays import Floats
from ..formulas.optimizers import OURS, Optimizer

__all__ = ["call_lines", "code_of", "list_lines", "method_text"]

_WIDE = 92  # characters of a line


def code_of(value: object) -> str:
    """Return a plain value as code; texts stand in double quotes.

    Examples
    --------
    >>> print(code_of(["lot size", 3]), code_of('5" disc'))
    ["lot size", 3] '5" disc'
    """
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(code_of, value))}]"
    text = repr(value)
    single = isinstance(value, str) and text[0] == "'" and not {'"', "'"} & set(text[1:-1])
    return f'"{text[1:-1]}"' if single else text


def call_lines(
    function: str, given: Sequence[str], settings: Mapping[str, str] | None = None
) -> list[str]:
    """Return the lines of a call, its arguments as code.

    Examples
    --------
    >>> call_lines("run = fl.Run", ["net", "X"], {"seed": "0"})
    ['run = fl.Run(net, X, seed=0)']
    """
    parts = [*given, *(f"{name}={value}" for name, value in (settings or {}).items())]
    whole = f"{function}({', '.join(parts)})"
    if len(whole) <= _WIDE:
        return [whole]
    return [f"{function}(", *_folded([f"{part}," for part in parts]), ")"]


def _folded(parts: Sequence[str]) -> Iterator[str]:
    """Yield lines that hold the parts, each line as full as may be."""
    line = "   "
    for part in parts:
        if len(line) + len(part) + 1 > _WIDE and line.strip():
            yield line
            line = "   "
        line += f" {part}"
    yield line


def list_lines(name: str, values: Floats) -> list[str]:
    """Return the lines of a list of numbers that read back bit for bit.

    Examples
    --------
    >>> import numpy as np
    >>> list_lines("theta", np.array([0.1, -2.0]))
    ['theta = [0.1, -2.0]']
    """
    numbers = [repr(value) for value in values.tolist()]
    whole = f"{name} = [{', '.join(numbers)}]"
    if len(whole) <= _WIDE:
        return [whole]
    return [f"{name} = [", *_folded([f"{number}," for number in numbers]), "]"]


def method_text(method: Optimizer) -> str:
    """Return an optimizer as code; settings at their defaults are left out.

    Examples
    --------
    >>> from fallline.formulas.optimizers import SGD
    >>> method_text(SGD(0.1, momentum=0.9))
    'fl.SGD(learning_rate=0.1, momentum=0.9)'
    """
    kind = type(method)
    # Another dialect has other defaults, so that all is told.
    usual = kind() if method.dialect == OURS else None
    told = {
        each.name: getattr(method, each.name)
        for each in fields(method)  # type: ignore[arg-type]
        if usual is None
        or each.name == "learning_rate"
        or getattr(method, each.name) != getattr(usual, each.name)
    }
    return f"fl.{kind.__name__}({', '.join(f'{k}={code_of(v)}' for k, v in told.items())})"
