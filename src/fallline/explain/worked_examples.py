"""Worked examples that come with fallline; each number in them is computed when it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import SpecError, suggest
from ..spec.network import Input, Layer, Network
from . import worked_lessons as lessons
from .document import Block, Document, Note, Paragraph, Title
from .explained import Explained
from .problem import Problem
from .worked import WorkedCheck, check_worked_example

__all__ = ["WORKED_EXAMPLES", "WorkedExample", "six_nodes", "worked_example"]


@dataclass(frozen=True, eq=False)
class WorkedExample(Explained):
    """A step of descent to follow on paper, with all its numbers.

    It shows itself in Jupyter; `text`, `markdown`, `html` and `latex` tell the same as strings.

    Attributes
    ----------
    name, title
        Its name in `WORKED_EXAMPLES`, and what it is about.
    about
        What it teaches, in a sentence or two.
    source
        Where the network, or the rule, comes from.
    problem
        The network, its weights, the rows and the learning rate.
    lesson
        What is to be seen in the numbers, as blocks.
    printed
        The numbers that its source prints, by name, where it does.
    """

    name: str
    title: str
    about: str
    source: str
    problem: Problem
    lesson: Callable[[Problem], list[Block]]
    printed: Mapping[str, str] = field(default_factory=dict)

    def check(self, printed: Mapping[str, str] | None = None) -> WorkedCheck:
        """Return how printed numbers agree with those of this example.

        Parameters
        ----------
        printed
            As `check_worked_example` takes them; those of its source, unless given.
        """
        problem = self.problem
        return check_worked_example(
            problem.network, problem.weights, problem.inputs, problem.targets,
            problem.learning_rate, self.printed if printed is None else printed, loss=problem.loss,
        )  # fmt: skip

    @cached_property
    def document(self) -> Document:
        """What is given, every number step by step, and what is to be seen in them."""
        return self._page(self.problem.solution())

    @cached_property
    def brief(self) -> Document:
        """What is given, and what is to be seen in the numbers."""
        return self._page([])

    def _page(self, way: list[Block]) -> Document:
        blocks: list[Block] = [Paragraph(self.about), Note(f"Source: {self.source}")]
        blocks += [Title("What is given"), *self.problem.given(), *way]
        blocks += [Title("What is to be seen"), *self.lesson(self.problem)]
        if self.printed:
            blocks += [Title("The numbers as they were printed"), *self.check().blocks()]
            blocks += lessons.after_printed_weights(self.problem, self.printed)
        return Document(self.title, blocks)


def worked_example(name: str) -> WorkedExample:
    """Return the worked example of this name.

    Parameters
    ----------
    name
        ``linear_unit``, ``sigmoid_unit``, ``several_outputs``, ``two_two_two``,
        ``six_node_graph``, ``xor``, ``softmax`` or ``absolute_slope``.

    Raises
    ------
    SpecError
        For any other name.

    Examples
    --------
    >>> example = worked_example("linear_unit")
    >>> round(example.problem.value("E"), 4), round(example.problem.value("E after"), 4)
    (0.32, 0.08)
    """
    if name not in WORKED_EXAMPLES:
        raise SpecError(f"no worked example '{name}'; {suggest(name, WORKED_EXAMPLES)}")
    return WORKED_EXAMPLES[name]


_RUMELHART = (
    "back-propagation as in D. Rumelhart, G. Hinton, R. Williams, Learning representations by "
    "back-propagating errors, Nature 323 (1986)"
)


def six_nodes() -> Network:
    """Return the graph of six nodes: one input, two units, two more, and the output."""
    return Network.of(
        Input(1, "x"),
        Layer(1, "relu", "a", sources=("x",)),
        Layer(1, "relu", "b", sources=("x",)),
        Layer(1, "relu", "c", sources=("a", "b")),
        Layer(1, "relu", "d", sources=("a", "b")),
        Layer(1, "logistic", "out", sources=("c", "d")),
    )


_BIASES = tuple(f"b[{layer}.{j}]" for layer in ("hidden1", "output") for j in (0, 1))


def _examples() -> tuple[WorkedExample, ...]:
    return (
        WorkedExample(
            "linear_unit",
            "A linear unit with two weights",
            "The smallest case of the rule: one unit that adds up its weighted inputs, and the "
            "step of each weight.",
            "the rule of B. Widrow and M. Hoff, Adaptive switching circuits (1960); our numbers",
            Problem(
                Network.parse("2 -> 1 identity nobias"),
                {"w[input.0->output.0]": 0.5, "w[input.1->output.0]": -0.3},
                [[2.0, 1.0]],
                [[1.5]],
                0.1,
            ),
            lessons.linear_unit,
        ),
        WorkedExample(
            "sigmoid_unit",
            "A sigmoid unit and the sum of squared errors",
            "A unit with a curved activation: its slope f' enters the step of each weight, which "
            "is η·δ·x.",
            "the delta rule; our numbers",
            Problem(
                Network.parse("2 -> 1 logistic"),
                {"w[input.0->output.0]": 0.4, "w[input.1->output.0]": -0.6, "b[output.0]": 0.1},
                [[1.0, 0.5]],
                [[1.0]],
                0.5,
            ),
            lessons.sigmoid_unit,
        ),
        WorkedExample(
            "several_outputs",
            "Several outputs",
            "Two output units on the same inputs: the error adds up over outputs, and each "
            "weight's slope knows the one output that it leads to.",
            "our own",
            Problem(
                Network.parse("2 -> 2 identity"),
                {
                    "w[input.0->output.0]": 0.3,
                    "w[input.1->output.0]": -0.2,
                    "w[input.0->output.1]": 0.8,
                    "w[input.1->output.1]": 0.5,
                    "b[output.0]": 0.3,
                    "b[output.1]": -0.4,
                },
                [[1.0, 2.0]],
                [[0.5, 1.0]],
                0.1,
            ),
            lessons.several_outputs,
        ),
        WorkedExample(
            "two_two_two",
            "Two inputs, two hidden and two output sigmoid units",
            "A small network that is widely taught. Its source keeps the biases as they are, and "
            "so they are frozen here.",
            "network and printed numbers of Matt Mazur, A Step by Step Backpropagation Example "
            "(2015)",
            Problem(
                Network.parse("2 -> 2 logistic -> 2 logistic").freeze(*_BIASES),
                {
                    "w[input.0->hidden1.0]": 0.15,
                    "w[input.1->hidden1.0]": 0.20,
                    "w[input.0->hidden1.1]": 0.25,
                    "w[input.1->hidden1.1]": 0.30,
                    "b[hidden1.0]": 0.35,
                    "b[hidden1.1]": 0.35,
                    "w[hidden1.0->output.0]": 0.40,
                    "w[hidden1.1->output.0]": 0.45,
                    "w[hidden1.0->output.1]": 0.50,
                    "w[hidden1.1->output.1]": 0.55,
                    "b[output.0]": 0.60,
                    "b[output.1]": 0.60,
                },
                [[0.05, 0.10]],
                [[0.01, 0.99]],
                0.5,
            ),
            lessons.two_two_two,
            {
                "h[hidden1.0]": "0.3775",
                "o[hidden1.0]": "0.593269992",
                "o[hidden1.1]": "0.596884378",
                "o[output.0]": "0.75136507",
                "o[output.1]": "0.772928465",
                "E": "0.298371109",
                "dE/dw[hidden1.0->output.0]": "0.082167041",
                "new w[hidden1.0->output.0]": "0.35891648",
                "new w[hidden1.1->output.0]": "0.408666186",
                "new w[hidden1.0->output.1]": "0.511301270",
                "new w[hidden1.1->output.1]": "0.561370121",
                "dE/dw[input.0->hidden1.0]": "0.000438568",
                "new w[input.0->hidden1.0]": "0.149780716",
                "new w[input.1->hidden1.0]": "0.19956143",
                "new w[input.0->hidden1.1]": "0.24975114",
                "new w[input.1->hidden1.1]": "0.29950229",
                "E after": "0.291027924",
            },
        ),
        WorkedExample(
            "six_node_graph",
            "A graph of six nodes",
            "One input feeds two units, these feed two more, and those the output: ∂E/∂o of a unit "
            "is a sum over all the paths that lead on from it.",
            f"{_RUMELHART}; our numbers",
            Problem(
                six_nodes(),
                {
                    "w[x.0->a.0]": 0.6,
                    "b[a.0]": 0.1,
                    "w[x.0->b.0]": 0.4,
                    "b[b.0]": 0.2,
                    "w[a.0->c.0]": 0.7,
                    "w[b.0->c.0]": -0.3,
                    "b[c.0]": 0.1,
                    "w[a.0->d.0]": 0.2,
                    "w[b.0->d.0]": 0.9,
                    "b[d.0]": -0.1,
                    "w[c.0->out.0]": 0.8,
                    "w[d.0->out.0]": -0.5,
                    "b[out.0]": 0.3,
                },
                [[1.5]],
                [[1.0]],
                0.5,
            ),
            lessons.six_node_graph,
        ),
        WorkedExample(
            "xor",
            "Exclusive or",
            "Four rows that no straight line parts: a step on all of them, and why hidden units "
            "are needed.",
            f"M. Minsky and S. Papert, Perceptrons (1969), and {_RUMELHART}; our numbers",
            Problem(
                Network.parse("2 -> 2 logistic -> 1 logistic"),
                {
                    "w[input.0->hidden1.0]": 0.9,
                    "w[input.1->hidden1.0]": -0.7,
                    "w[input.0->hidden1.1]": -0.8,
                    "w[input.1->hidden1.1]": 0.6,
                    "b[hidden1.0]": -0.2,
                    "b[hidden1.1]": -0.3,
                    "w[hidden1.0->output.0]": 0.5,
                    "w[hidden1.1->output.0]": 0.7,
                    "b[output.0]": -0.4,
                },
                [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]],
                [[0.0], [1.0], [1.0], [0.0]],
                2.0,
            ),
            lessons.xor,
        ),
        WorkedExample(
            "softmax",
            "Softmax and cross-entropy",
            "Three classes: the outputs are shares that add up to 1, and each net input moves them "
            "all; the slopes of the two together come to ŷ − y.",
            "J. Bridle, Probabilistic interpretation of feedforward classification network outputs "
            "(1990); our numbers",
            Problem(
                Network.parse("2 -> 3 softmax"),
                {
                    "w[input.0->output.0]": 0.2,
                    "w[input.1->output.0]": -0.5,
                    "w[input.0->output.1]": 0.4,
                    "w[input.1->output.1]": 0.3,
                    "w[input.0->output.2]": -0.6,
                    "w[input.1->output.2]": 0.1,
                    "b[output.0]": 0.1,
                    "b[output.1]": 0.0,
                    "b[output.2]": -0.1,
                },
                [[1.0, 2.0]],
                [[0.0, 1.0, 0.0]],
                0.5,
                "cross_entropy",
            ),
            lessons.softmax,
        ),
        WorkedExample(
            "absolute_slope",
            "A common misprint: w − α·|∂E/∂w|",
            "Sheets and slides sometimes print the rule with the size of the slope in place of the "
            "slope. To the right of the bottom of a bowl the two are the same; to the left the "
            "misprint climbs.",
            "seen in teaching material; our numbers",
            Problem(
                Network.parse("1 -> 1 identity nobias"),
                {"w[input.0->output.0]": 0.5},
                [[1.0]],
                [[2.0]],
                0.5,
            ),
            lessons.absolute_slope,
        ),
    )


WORKED_EXAMPLES: dict[str, WorkedExample] = {example.name: example for example in _examples()}
"""Every worked example, by name, from the simplest on."""
