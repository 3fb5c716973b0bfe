"""Worked examples of books and lectures, checked number by number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy.typing as npt

from ..errors import DataError, SpecError
from ..formulas.optimizers import Optimizer, optimizer_from
from ..spec.network import Network
from .document import Block, Bullets, Document, Paragraph, Table
from .explained import Explained
from .maths import Maths
from .printed import agreement, printed_number, rounded_to
from .quantity_words import of_quantity
from .slips import slip_behind
from .step_numbers import StepNumbers
from .step_quantity import StepQuantity, read_quantity
from .theta import theta_of

__all__ = ["CheckedNumber", "WorkedCheck", "check_worked_example"]


@dataclass(frozen=True)
class CheckedNumber:
    """A printed number beside the computed one.

    Attributes
    ----------
    quantity
        What it is of.
    printed
        The number as it is printed, with its digits.
    computed
        What the engine computes, in float64.
    digits, printed_digits
        How many significant digits agree, and how many are printed.
    agrees
        Whether all that are asked for agree.
    note
        Why it may differ; empty where nothing is to be said.
    """

    quantity: StepQuantity
    printed: Decimal
    computed: float
    digits: int
    printed_digits: int
    agrees: bool
    note: str = ""

    @property
    def name(self) -> str:
        """What it is of, as `check_worked_example` takes it."""
        return str(self.quantity)

    @property
    def words(self) -> tuple[str | Maths, ...]:
        """What it is of, as words and formulas."""
        return of_quantity(self.quantity)

    @property
    def rounded(self) -> Decimal:
        """The computed number with as many places as are printed."""
        return rounded_to(self.computed, self.printed)

    def row(self) -> list[Any]:
        """Return its row of a table."""
        agrees = "agrees" if self.agrees else "differs"
        found = f"{self.digits} of {self.printed_digits}"
        return [self.words, str(self.printed), str(self.rounded), found, agrees]


@dataclass(frozen=True)
class WorkedCheck(Explained):
    """How the printed numbers of a worked example agree with the computed ones.

    It shows itself in Jupyter; `text`, `markdown`, `html` and `latex` tell the same as strings.

    Attributes
    ----------
    numbers
        Every printed number, in the order in which they were given.
    """

    numbers: tuple[CheckedNumber, ...]

    @property
    def agrees(self) -> bool:
        """Whether every number agrees."""
        return self.first is None

    @property
    def first(self) -> CheckedNumber | None:
        """The first number that disagrees, or None."""
        return next((number for number in self.numbers if not number.agrees), None)

    @property
    def verdict(self) -> str:
        """What was found, in a sentence or two."""
        return "".join(map(str, self._verdict("name")))

    def _verdict(self, naming: str) -> list[Any]:
        n, first = len(self.numbers), self.first
        if first is None:
            return [f"All {n} numbers agree." if n > 1 else "The number agrees."]
        right = sum(number.agrees for number in self.numbers)
        found = f"{first.digits} of {first.printed_digits} digits agree. {first.note}".rstrip()
        return [
            f"{right} of {n} numbers agree. The first that does not is ",
            getattr(first, naming),
            f": printed {first.printed}, computed {first.rounded}; {found}",
        ]

    @property
    def document(self) -> Document:
        """The verdict, and every printed number beside the computed one."""
        return Document("A worked example, checked", self.blocks())

    def blocks(self) -> list[Block]:
        """Return what `document` shows."""
        head = ["quantity", "printed", "computed", "digits that agree", ""]
        table = Table(head, [number.row() for number in self.numbers])
        others = [number for number in self.numbers if number.note and number is not self.first]
        remarks = [Bullets([[each.words, f": {each.note}"] for each in others])] if others else []
        return [Paragraph(*self._verdict("words")), table, *remarks]


def check_worked_example(
    network: Network | str,
    weights: npt.ArrayLike | Mapping[str, Any],
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    learning_rate: float,
    printed: Mapping[str, Any],
    *,
    loss: str = "sse",
    optimizer: str | Mapping[str, Any] | Optimizer = "sgd",
    digits: int | None = None,
) -> WorkedCheck:
    """Compare the printed numbers of a worked example with those of the engine.

    One step is computed, on all the rows together, from the given weights.

    Parameters
    ----------
    network
        The network, or its text.
    weights
        θ (P,); or numbers by name, ``{"w[input.0->output.0]": 0.5, ...}``; or W, or (W, b), by
        layer. Nothing may be left out, but connections that are absent.
    inputs, targets
        (d,) and (k,) of one row, or (n, d) and (n, k).
    learning_rate
        η of the step.
    printed
        The numbers by what they are of: ``E``, ``E after``, ``h[layer.j]``, ``o[layer.j]``,
        ``dE/do[layer.j]``, ``dE/dh[layer.j]``, ``delta[layer.j]``, ``dE/dw[layer.i->layer.j]``,
        ``step w[...]``, ``new w[...]`` and the same of ``b[layer.j]``; also with ∂, δ and Δ. Of
        several rows, ``row 2: o[output.0]``, counting from 0. Write them as text, so that zeros at
        the end count: ``"0.40"``.
    loss
        The error.
    optimizer
        Whose step is taken; its rate is `learning_rate`.
    digits
        How many significant digits have to agree; all that are printed, unless given.

    Returns
    -------
    WorkedCheck
        With ``agrees``, ``first`` (the first number that disagrees), ``verdict`` and ``numbers``.

    Raises
    ------
    SpecError, DataError
        When the example does not fit together, or a name names nothing.

    Examples
    --------
    A sheet prints w − α·|dE/dw| for the new weight:

    >>> found = check_worked_example("1 -> 1 nobias", [2.0], [1.0], [5.0], 0.1,
    ...                              {"E": "4.5", "dE/dw[input.0->output.0]": "-3.0",
    ...                               "new w[input.0->output.0]": "1.7"})
    >>> found.agrees, found.first.name, str(found.first.rounded)
    (False, 'new w[input.0->output.0]', '2.3')
    """
    made = Network.parse(network) if isinstance(network, str) else network
    numbers = StepNumbers(
        made,
        theta_of(made, weights),
        inputs,
        targets,
        loss=loss,
        optimizer=_optimizer(optimizer, learning_rate),
    )
    if not printed:
        raise DataError('there is nothing to check; give printed numbers such as {"E": "0.2984"}')
    if digits is not None and (isinstance(digits, bool) or digits < 1):
        raise SpecError(f"digits must be a whole number of at least 1, or None, not {digits!r}")
    asked = {name: read_quantity(name, made, numbers.n) for name in printed}
    return WorkedCheck(
        tuple(_checked(numbers, asked[name], printed[name], digits) for name in printed)
    )


def _optimizer(chosen: str | Mapping[str, Any] | Optimizer, rate: float) -> Optimizer:
    made = optimizer_from(chosen)
    if not isinstance(made, Optimizer):
        raise SpecError(f"a worked example takes one step, but {made.name} is a solver")
    with_rate: Optimizer = optimizer_from(made.to_json() | {"learning_rate": rate})
    return with_rate


def _checked(
    numbers: StepNumbers, quantity: StepQuantity, printed: Any, digits: int | None
) -> CheckedNumber:
    number = printed_number(printed, str(quantity))
    computed = numbers.value(quantity)
    found = agreement(computed, number)
    agrees = found.complete or (digits is not None and found.digits >= digits)
    note = "It is cut off, not rounded." if found.cut_off else ""
    if not agrees:
        note = slip_behind(numbers, quantity, number) or _rounding(found.digits)
    return CheckedNumber(
        quantity, number, computed, found.digits, found.printed_digits, agrees, note
    )


def _rounding(digits: int) -> str:
    """Return what an agreement of some digits may come from."""
    if digits < 3:
        return ""
    return "A difference in the last digits may come from numbers that were rounded on the way."
