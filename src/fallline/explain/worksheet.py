"""Exercise sheets with numbers drawn from a seed, and their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data.order import checked_seed
from ..errors import DataError, SpecError, suggest
from ..files import check_writable, whole_file
from .document import Block, Bullets, Document, Note, Paragraph, Table, Title
from .explained import Explained
from .maths import Maths
from .problem import Problem
from .quantity_words import of_quantity, of_weight, shown
from .step_quantity import StepQuantity
from .worksheet_kinds import KINDS, drawn

__all__ = ["Worksheet", "worksheet"]

_BLANK = "_" * 16


@dataclass(frozen=True, eq=False)
class Worksheet(Explained):
    """An exercise sheet and its key, the same bytes from the same seed.

    It shows the sheet; `text`, `markdown`, `html` and `latex` tell it as strings.

    Attributes
    ----------
    seed, kind
        What it was drawn from.
    sheet, key
        The exercises with blanks, and the same with the numbers and the way to them.
    """

    seed: int
    kind: str
    sheet: Document
    key: Document

    @property
    def document(self) -> Document:
        """The sheet."""
        return self.sheet

    def files(self) -> dict[str, str]:
        """Return what `save` writes: name and text of each file."""
        name = f"worksheet-{self.kind}-{self.seed}"
        pages = {name: self.sheet, f"{name}-key": self.key}
        return {
            f"{stem}.{ending}": getattr(page, form)
            for stem, page in pages.items()
            for ending, form in (("md", "markdown"), ("html", "html"))
        }

    def save(self, folder: str | Path = ".", *, force: bool = False) -> list[Path]:
        """Write sheet and key as Markdown and as HTML, and return the paths.

        Parameters
        ----------
        folder
            Where to write; it must be there.
        force
            Whether to replace a file of such a name that holds something else.

        Raises
        ------
        DataError
            When such a file is there, or the folder is not.
        """
        texts = {Path(folder) / name: text.encode() for name, text in self.files().items()}
        for path, text in texts.items():
            check_writable(str(path))
            if not force and path.exists() and path.read_bytes() != text:
                raise DataError(
                    f"'{path}' holds something else than this worksheet; move it away, choose "
                    "another folder, or replace it with --force"
                )
        for path, text in texts.items():
            with whole_file(str(path)) as temporary:
                temporary.write_bytes(text)
        return list(texts)


def worksheet(seed: int = 0, kind: str = "all") -> Worksheet:
    """Return an exercise sheet, and its key.

    Each exercise gives a network with its weights, a row or a few, and a learning rate, and asks
    for the numbers of a step of gradient descent: forwards, backwards, and the new weights.

    Parameters
    ----------
    seed
        Of all numbers in it: the same seed gives the same bytes.
    kind
        ``linear_unit``, ``sigmoid_unit``, ``several_outputs``, ``batch``, ``softmax``,
        ``hidden_layer`` or ``graph``; or ``all`` for one of each.

    Raises
    ------
    SpecError
        For an unknown kind, or a seed that is no whole number of at least 0.

    Examples
    --------
    >>> sheet = worksheet(7, "linear_unit")
    >>> list(sheet.files())[0], sheet.files() == worksheet(7, "linear_unit").files()
    ('worksheet-linear_unit-7.md', True)
    """
    if kind != "all" and kind not in KINDS:
        raise SpecError(f"no kind of worksheet '{kind}'; {suggest(kind, [*KINDS, 'all'])}")
    seed = checked_seed(seed)
    kinds = list(KINDS) if kind == "all" else [kind]
    problems = [(each, drawn(each, seed)) for each in kinds]
    title = f"Worksheet {seed}" if kind == "all" else f"Worksheet {seed}: {KINDS[kind].title}"
    return Worksheet(
        seed,
        kind,
        Document(title, _page(problems, key=False)),
        Document(f"{title}. Key", _page(problems, key=True)),
    )


def _page(problems: list[tuple[str, Problem]], key: bool) -> Iterator[Block]:
    yield Paragraph(
        "Write each number with four decimals. Units and weights count from 0; "
        "w[input.0->output.1] leads from input unit 0 to output unit 1."
    )
    if key:
        yield Note(
            "The numbers are computed without rounding on the way and shown with six decimals. Who "
            "rounds at each step may find other last digits."
        )
    for place, (kind, problem) in enumerate(problems, 1):
        several = len(problems) > 1
        yield Title(f"{place}. {KINDS[kind].title}" if several else "What is given")
        yield from problem.given()
        if not key:
            yield problem.picture()
        yield from _questions(problem, key)


def _questions(problem: Problem, key: bool) -> Iterator[Block]:
    for title, asked in _asked(problem).items():
        yield Title(title, 3)
        yield _table(problem, asked, key)
    yield Title("To think about", 3)
    yield Bullets([_with_answer(*pair, key) for pair in _thoughts(problem)])
    if key:
        yield Title("The way to these numbers", 3)
        for block in problem.solution():
            yield Title(block.text, 4) if isinstance(block, Title) else block


def _asked(problem: Problem) -> dict[str, list[StepQuantity]]:
    """Return what is asked for, by the part of the step that it belongs to."""
    network = problem.network
    several = len(problem.inputs) > 1
    forwards, backwards = [], []
    for row in range(len(problem.inputs)):
        at = row if several else None
        for layer in network.layers:
            linear = layer.activation == "identity"  # o is h
            kinds = ("o",) if linear else ("h", "o")
            units = [f"{layer.name}.{j}" for j in range(layer.size)]
            forwards += [StepQuantity(kind, unit, at) for unit in units for kind in kinds]
        for layer in reversed(network.layers):
            units = [f"{layer.name}.{j}" for j in range(layer.size)]
            kinds = ("delta",) if layer is network.output else ("dE/do", "delta")
            backwards += [StepQuantity(kind, unit, at) for unit in units for kind in kinds]
    names = list(problem.weights)
    return {
        "Forwards": [*forwards, StepQuantity("E")],
        "Backwards: the error terms δ = −∂E/∂h": backwards,
        "The gradient": [StepQuantity("dE", name) for name in names],
        "The step": [*(StepQuantity("new", name) for name in names), StepQuantity("E after")],
    }


def _table(problem: Problem, asked: list[StepQuantity], key: bool) -> Table:
    def answer(quantity: StepQuantity) -> str | Maths:
        return shown(problem.numbers.value(quantity)) if key else _BLANK

    return Table(["quantity", "value"], [[of_quantity(each), answer(each)] for each in asked])


def _thoughts(problem: Problem) -> Iterator[tuple[str, list[Any]]]:
    """Yield questions on what the numbers mean, with their answers."""
    slopes = {name: problem.value("dE", name) for name in problem.weights}
    steepest = max(slopes, key=lambda name: abs(slopes[name]))
    rising = [of_weight(name) for name, slope in slopes.items() if slope > 0]
    yield (
        "To which weight or bias is the error most sensitive?",
        ["To ", of_weight(steepest), ": a small change of it changes E by ",
         shown(slopes[steepest]), " times as much; no other slope is as large in size."],
    )  # fmt: skip
    yield (
        "Which weights and biases does the step make smaller, and why?",
        [*_listed(rising), " Their slope is positive: E rises with them, so they have to fall."]
        if rising
        else ["None: no slope is positive, so E falls as any of them rises."],
    )
    gain = problem.value("E") - problem.value("E after")
    squares = sum(slope**2 for slope in slopes.values())
    yield (
        "A step along a straight line would lower E by η times the sum of the squared slopes. By "
        "how much does it fall?",
        ["Straight: ", shown(problem.learning_rate * squares), ". Truly: ", shown(gain),
         ". The ground is curved, so the two differ; the smaller η is, the less they do."],
    )  # fmt: skip


def _listed(names: list[Any]) -> Iterator[Any]:
    for place, name in enumerate(names):
        yield from (", ", name) if place else (name,)
    yield "."


def _with_answer(question: str, answer: list[Any], key: bool) -> list[Any]:
    return [question, " ", *answer] if key else [question]
