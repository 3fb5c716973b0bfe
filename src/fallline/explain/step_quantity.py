"""The names of a step's quantities, as people write them: ``dE/dw[input.0->hidden1.1]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import SpecError
from ..spec.network import Network

__all__ = ["KINDS", "StepQuantity", "read_quantity"]

KINDS = {
    "E": "the error",
    "E after": "the error after the step",
    "h": "net input",
    "o": "output",
    "dE/do": "slope of the error in the output",
    "dE/dh": "slope of the error in the net input",
    "delta": "error term, −dE/dh",
    "dE": "slope of the error in the weight",
    "step": "what is added to the weight",
    "new": "the weight after the step",
}
"""What can be asked for, and what it is; those from ``h`` on are of a unit or of a weight."""

_UNIT = r"\[\s*(?P<layer>\w+)\s*\.\s*(?P<unit>\d{1,9})\s*\]"
_WHOLE = re.compile(r"E(?P<after>\s*after)?")
_OF_UNIT = re.compile(rf"(?P<kind>h|o|dE/do|dE/dh|delta)\s*{_UNIT}")
_OF_WEIGHT = re.compile(r"(?P<kind>dE/d|step\s*|new\s*)(?P<name>[wb]\s*\[.*\])")
_ROW = re.compile(r"row\s+(?P<row>\d{1,9})\s*:\s*(?P<rest>.*)")
_SPELLINGS = {"∂": "d", "δ": "delta", "Δ": "step ", "→": "->", "ŷ": "yhat"}


@dataclass(frozen=True)
class StepQuantity:
    """One number of a step.

    Attributes
    ----------
    kind
        A key of `KINDS`.
    of
        The weight's name, or ``layer.j`` of a unit; empty for an error.
    row
        The row that it is of, counting from 0; None where it is of all rows together.
    """

    kind: str
    of: str = ""
    row: int | None = None

    def __str__(self) -> str:
        place = "" if self.row is None else f"row {self.row}: "
        if self.kind == "dE":
            return f"{place}dE/d{self.of}"
        if self.kind in ("step", "new"):
            return f"{place}{self.kind} {self.of}"
        return f"{place}{self.kind}[{self.of}]" if self.of else f"{place}{self.kind}"


def read_quantity(text: str, network: Network, rows: int = 1) -> StepQuantity:
    """Return the quantity that a text names.

    Parameters
    ----------
    text
        ``E``, ``E after``, ``h[layer.j]``, ``o[layer.j]``, ``dE/do[layer.j]``, ``dE/dh[layer.j]``,
        ``delta[layer.j]``, and of a weight ``dE/dw[...]``, ``step w[...]``, ``new w[...]``, with
        ``b[...]`` likewise; also with ∂, δ and Δ. Of several rows a unit's quantity says which:
        ``row 2: o[output.0]``, counting from 0.
    network
        The network that has to have such a unit or weight.
    rows
        How many rows there are.

    Raises
    ------
    SpecError
        When it names nothing, or what the network does not have.

    Examples
    --------
    >>> net = Network.parse("2 -> 2 logistic -> 1 logistic")
    >>> str(read_quantity("∂E/∂w[input.0→hidden1.1]", net))
    'dE/dw[input.0->hidden1.1]'
    >>> str(read_quantity("row 2: o[output.0]", net, rows=4))
    'row 2: o[output.0]'
    """
    plain = text.strip()
    for sign, spelled in _SPELLINGS.items():
        plain = plain.replace(sign, spelled)
    plain = plain.replace("yhat[", f"o[{network.output.name}.")
    row = None
    if found := _ROW.fullmatch(plain):
        row, plain = _row(int(found["row"]), rows, text), found["rest"].strip()
    if found := _WHOLE.fullmatch(plain):
        if row is not None:
            raise SpecError(f"{text!r}: the error is of all rows together; leave the row out")
        return StepQuantity("E after" if found["after"] else "E")
    if found := _OF_UNIT.fullmatch(plain):
        if row is None and rows > 1:
            raise SpecError(
                f"{text!r} differs from row to row; write 'row 0: {plain}' for that of the first"
            )
        return StepQuantity(found["kind"], _unit(network, found, text), row)
    if found := _OF_WEIGHT.fullmatch(plain):
        name = network.name(network.index(re.sub(r"\s", "", found["name"])))
        if row is not None:
            raise SpecError(f"{text!r}: a step is of all rows together; leave the row out")
        return StepQuantity("dE" if found["kind"] == "dE/d" else found["kind"].strip(), name)
    raise SpecError(
        f"{text!r} names no quantity of a step; write E, E after, h[layer.j], o[layer.j], "
        "dE/do[layer.j], dE/dh[layer.j], delta[layer.j], dE/dw[layer.i->layer.j], "
        "step w[...] or new w[...], counting from 0, and b[layer.j] for a bias"
    )


def _row(row: int, rows: int, text: str) -> int:
    if row >= rows:
        raise SpecError(f"{text!r}: there are rows 0 to {rows - 1}")
    return row


def _unit(network: Network, found: re.Match[str], text: str) -> str:
    layer, unit = found["layer"], int(found["unit"])
    names = [each.name for each in network.inputs] + [each.name for each in network.layers]
    if layer not in names:
        raise SpecError(f"{text!r}: no layer '{layer}'; the network has {', '.join(names)}")
    if unit >= network.width(layer):
        raise SpecError(f"{text!r}: layer '{layer}' has units 0 to {network.width(layer) - 1}")
    return f"{layer}.{unit}"
