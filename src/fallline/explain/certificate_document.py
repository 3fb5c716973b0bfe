"""The report of a gradient certificate, as blocks."""

from __future__ import annotations

from collections.abc import Iterator

from .certificate import Certificate, CertifiedWeight, Status
from .document import Block, Bullets, Document, Note, Paragraph, Table, Title
from .maths import Maths, Number, slope, symbol
from .quantity_words import of_weight

__all__ = ["certificate_document"]

_MOST = 60  # rows of the table: the others are in `Certificate.table`
_FINDINGS = {Status.KINK: "kink", Status.ABSENT: "absent", Status.ALONE: "alone"}


def certificate_document(found: Certificate) -> Document:
    """Return the report of a certificate."""
    return Document("Gradient certificate", list(_blocks(found)))


def _blocks(found: Certificate) -> Iterator[Block]:
    yield Paragraph(_verdict(found))
    if found.disagreeing:
        yield Bullets([f"{w.name}: {w.wrong}" for w in found.disagreeing[:_MOST]])
    yield Bullets(_facts(found))
    yield Title("The witnesses")
    yield Bullets(list(_witnesses(found)), numbered=True)
    yield Title("The error")
    yield _errors(found)
    yield Title("The slopes")
    yield from _slopes(found)
    if found.count(Status.KINK):
        yield Note(
            f"{_count(found.count(Status.KINK))} not differentiable here: J has a kink, where its "
            "slopes from the left and from the right differ (marked kink). Engines take the slope "
            "that the table of activations or errors states there; that is no failure. SymPy's is "
            "the slope on one side, a central difference lies between both."
        )


def _verdict(found: Certificate) -> str:
    compared = found.count(Status.AGREES) + found.count(Status.DISAGREES)
    if not found.passed:
        wrong = [weight.name for weight in found.disagreeing]
        shown = ", ".join(wrong[:5]) + (", ..." if len(wrong) > 5 else "")
        what = f"{_count(len(wrong))} in disagreement: {shown}" if wrong else "the errors J differ"
        return f"NOT CERTIFIED: {what}."
    if found.count(Status.ALONE):
        return "Nothing disagrees, but some weights had one witness only; see below."
    return f"CERTIFIED: all witnesses agree on {_count(compared)}."


def _count(number: int) -> str:
    return f"{number:,} weight or bias" if number == 1 else f"{number:,} weights and biases"


def _facts(found: Certificate) -> list[str]:
    taken, given = found.rows
    rows = f"{taken}" if taken == given else f"{taken} of {given}, evenly spread"
    facts = [
        f"Network: {found.network}",
        f"Error: {found.objective.loss}",
        f"Weights and biases: {found.network.size:,}. Rows that count: {rows}.",
    ]
    of = found.objective
    strengths = {"l2": of.l2, "l1": of.l1, "alpha": of.alpha}
    if penalties := ", ".join(f"{name} = {c:g}" for name, c in strengths.items() if c):
        facts.append(f"Penalty on weights: {penalties}")
    if worst := found.worst:
        facts.append(f"Largest relative error: {worst.relative_error:.1e}, at {worst.name}")
    return facts


def _witnesses(found: Certificate) -> Iterator[str]:
    P = found.network.size
    symbolic = sum(weight.symbolic is not None for weight in found.weights)
    differences = sum(weight.difference is not None for weight in found.weights)
    if found.method == "whole":
        yield (
            f"SymPy: the whole error of a row as one expression, differentiated for each of the "
            f"{symbolic:,} weights and biases, computed with 50 digits."
        )
    elif found.method == "composed":
        share = "all" if symbolic == P else f"a sample of {symbolic:,} of"
        yield (
            "SymPy: each formula that the network uses, differentiated; the slopes joined by the "
            f"chain rule with 50 digits, for {share} {P:,} weights and biases."
        )
    else:
        names = ", ".join(found.textless)
        yield f"SymPy: no part in it, as {names} is a Python function and has no formula."
    engines = ", ".join(found.errors)
    yield f"Engines ({engines}): back-propagation in float64, for all weights and biases."
    share = "all" if differences == P else f"{differences:,} of"
    yield (
        f"Central differences of the reference engine's error: for {share} {P:,} weights and "
        "biases, each with how far it may be off."
    )
    for name, reason in found.skipped.items():
        yield f"The engine {name} took no part: {reason}"


def _errors(found: Certificate) -> Table:
    rows: list[list[str | Maths]] = []
    if found.symbolic_error is not None:
        rows.append(["formulas", _number(found.symbolic_error)])
    rows += [[f"engine {name}", _number(error)] for name, error in found.errors.items()]
    return Table(["by", symbol("J")], rows)


def _slopes(found: Certificate) -> Iterator[Block]:
    yield Paragraph(
        "Each row is the slope ", slope(symbol("J"), symbol("w")), " of the error in one weight or "
        "bias. An engine may differ from SymPy by a relative ", f"{found.tolerance:.0e}",
        ", a central difference by ", f"{found.difference_tolerance:.0e}", " beside its own "
        "uncertainty; relative to the larger slope, or to a thousandth of the largest of all. The "
        "column apart has the largest relative error between two witnesses.",
    )  # fmt: skip
    shown = _shown(found)
    if len(shown) < len(found.weights):
        yield Paragraph(
            f"Of {len(found.weights):,} that were looked at, these {len(shown)} are those in "
            "disagreement, and then those of the largest relative errors; .table has all."
        )
    engines = list(found.errors)
    head = ["weight", "SymPy", *engines, "difference", "apart", "finding"]
    yield Table(head, [_row(weight, engines) for weight in shown])


def _shown(found: Certificate) -> list[CertifiedWeight]:
    if len(found.weights) <= _MOST:
        return list(found.weights)
    ranked = sorted(
        found.weights,
        key=lambda w: (w.status is Status.DISAGREES, w.relative_error),
        reverse=True,
    )
    return ranked[:_MOST]


def _row(weight: CertifiedWeight, engines: list[str]) -> list[str | Maths]:
    tells = weight.status in (Status.AGREES, Status.DISAGREES)
    return [
        of_weight(weight.name),
        _number(weight.symbolic),
        *(_number(weight.engines.get(name)) for name in engines),
        _number(None if weight.difference is None else weight.difference.slope),
        f"{weight.relative_error:.1e}" if tells else "–",
        _FINDINGS.get(weight.status, str(weight.status)),
    ]


def _number(value: float | None) -> str | Number:
    return "–" if value is None else Number(value, f"{value:.7g}")
