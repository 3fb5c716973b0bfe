"""The difference of two optimizers, or two dialects of one, as formulas."""

from __future__ import annotations

import difflib
from dataclasses import fields

from .optimizers import DIALECTS, Optimizer

__all__ = ["difference"]


def difference(one: Optimizer, other: Optimizer) -> str:
    """Return what differs between the formulas and numbers of two optimizers, as text to print.

    Lines that begin with ``-`` are those of the first, with ``+`` those of the second; the others
    are common to both.

    Examples
    --------
    >>> from fallline.formulas.optimizers import SGD
    >>> print(difference(SGD(0.1, momentum=0.9), SGD(0.1, momentum=0.9, dialect="torch")))
    - sgd of fallline
    + sgd of PyTorch
      at the start
        v = 0
      each step
    -   v = beta*v - eta*g
    -   w = w + v
    +   v = beta*v + g
    +   w = w - eta*v
      learning_rate = 0.1, momentum = 0.9, nesterov = False
    """
    first, second = _lines(one), _lines(other)
    result: list[str] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, first, second, False).get_opcodes():
        if tag == "equal":
            result += [f"  {line}" for line in first[a:b]]
        else:
            result += [f"- {line}" for line in first[a:b]] + [f"+ {line}" for line in second[c:d]]
    return "\n".join(result)


def _lines(optimizer: Optimizer) -> list[str]:
    formula = optimizer.formula
    start = [f"  {part}" for part in formula.start.split("; ") if part]
    numbers = [
        f"{item.name} = {getattr(optimizer, item.name)}"
        for item in fields(optimizer)  # type: ignore[arg-type]  # every optimizer is a dataclass
        if item.name != "dialect"
    ]
    return [
        f"{optimizer.name} of {DIALECTS[optimizer.dialect]}",
        *(["at the start", *start] if start else []),
        "each step",
        *(f"  {part}" for part in formula.step.split("; ")),
        *([optimizer.factor] if optimizer.factor else []),
        ", ".join(numbers),
    ]
