"""`Setup`: all that defines a descent, as plain data that a page or a link may send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..errors import SpecError, suggest
from ..formulas.optimizers import SGD, Optimizer
from ..spec.plan import Plan
from .setup_checks import CHECKS, LIMITS, MODEL, OWN, shown

__all__ = ["HOT", "LIMITS", "MODEL", "OWN", "Setup"]

HOT = frozenset({"optimizer", "schedule", "batch_size", "l1", "l2", "epochs"})
"""The fields that may change while the descent goes on."""

_FOLLOWS: Mapping[str, tuple[str, ...]] = {
    "data": ("target", "features", "crossed", "rows", "noise", "loss", "start"),
    "target": ("features", "loss", "start"),
    "features": ("start",),
    "crossed": ("start",),
    "net": ("start",),
    "bias": ("start",),
    "loss": ("start",),
    "initializer": ("start",),
    "seed": ("start",),
}
"""What a changed field takes along, back to its default: it was meant for another choice."""


@dataclass(frozen=True)
class Setup:
    """All that defines a descent.

    Attributes
    ----------
    data
        A sample's name, ``"own"`` for a table of one's own, ``"model"`` for an opened model.
    target
        The column to predict, or several with commas between; "" for the sample's own, or the one
        that suggests itself.
    features
        The columns that predict; None for all others.
    crossed
        Whether products and squares of numeric columns are inputs too.
    rows, noise
        How many rows, drawn at random from a table, and the noise of a made sample; None for all
        rows of a table, and for the sample's own.
    validation, test
        Shares of the training rows and of all rows, from 0 to 0.9.
    net
        Hidden layers, ``"4 tanh, 3 relu"``; ``"none"`` for none; ``"model"`` for the network of an
        opened model.
    bias
        Whether the output units have biases.
    standardize
        Whether numbers get mean 0 and deviation 1.
    loss
        The error; None for the one of the task.
    l1, l2
        λ of the penalties, at least 0.
    optimizer
        An `Optimizer`, its name, or plain data as in ``{"name": "sgd", "learning_rate": 0.1}``.
    schedule
        A name with settings, or plain data as in ``{"name": "step", "every": 10}``.
    batch_size
        Rows of a step; 0 for all.
    initializer
        How start weights are drawn.
    start
        (P,) start weights; None to draw them.
    seed
        Of the start weights and of the order of rows.
    epochs
        Where the descent ends by itself.

    Raises
    ------
    SpecError, DataError
        In one sentence, for a field that cannot be.

    Examples
    --------
    >>> setup = Setup.from_json({"net": "8 relu", "optimizer": {"name": "adam"}})
    >>> setup.data, setup.net, setup.optimizer.learning_rate
    ('moons', '8 relu', 0.001)
    >>> setup.changed({"seed": 3}).seed
    3
    """

    data: str = "moons"
    target: str = ""
    features: tuple[str, ...] | None = None
    crossed: bool = False
    rows: int | None = None
    noise: float | None = None
    validation: float = 0.2
    test: float = 0.2
    net: str = "4 tanh"
    bias: bool = True
    standardize: bool = True
    loss: str | None = None
    l1: float = 0.0
    l2: float = 0.0
    optimizer: Optimizer = field(default_factory=lambda: SGD(0.3))
    schedule: str = "constant"
    batch_size: int = 10
    initializer: str = "auto"
    start: tuple[float, ...] | None = field(default=None, repr=False)
    seed: int = 0
    epochs: int = 1_000

    def __post_init__(self) -> None:
        for name, check in CHECKS.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))
        if self.net == MODEL and self.data != MODEL:
            raise SpecError("net 'model' is for an opened model; write layers, as in '4 tanh'")
        self.plan(self.loss or "squared_error")

    @classmethod
    def from_json(cls, plain: object) -> Setup:
        """Return the setup that plain data describe; fields that are left out have defaults.

        Raises
        ------
        SpecError, DataError
            For anything that is no setup, naming the field.
        """
        return cls(**_fields(plain))

    def to_json(self) -> dict[str, Any]:
        """Return plain data that `from_json` reads back."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("features", "start"):
            plain[name] = None if plain[name] is None else list(plain[name])
        return plain | {"optimizer": self.optimizer.to_json()}

    def changed(self, changes: object) -> Setup:
        """Return the setup with some fields changed, given as plain data.

        What was meant for another choice falls back to its default: another table has another
        target, and another network other start weights.

        Raises
        ------
        SpecError, DataError
            As `from_json`.

        Examples
        --------
        >>> Setup(features=("x",)).changed({"data": "sine"}).features is None
        True
        """
        new = _fields(changes)
        differing = [name for name in new if self._differs(name, new[name])]
        fallen = {each for name in differing for each in _FOLLOWS.get(name, ())} - set(new)
        usual: dict[str, Any] = {f.name: f.default for f in fields(self)}
        told = {name: usual[name] for name in fallen} | new
        data = told.get("data", self.data)
        if (data == MODEL) != (self.data == MODEL):
            told = {"net": MODEL if data == MODEL else usual["net"]} | told
        return replace(self, **told)

    def _differs(self, name: str, value: Any) -> bool:
        return bool(CHECKS[name](name, value) != getattr(self, name))

    def plan(self, loss: str) -> Plan:
        """Return the plan of a `Run`, for an error that is known."""
        return Plan.of(
            loss=loss,
            l1=self.l1,
            l2=self.l2,
            optimizer=self.optimizer,
            schedule=self.schedule,
            batch_size=self.batch_size or None,
            epochs=self.epochs,
            seed=self.seed,
            restore_best=False,
        )

    @property
    def targets(self) -> tuple[str, ...]:
        """The names between the commas of `target`."""
        return tuple(name.strip() for name in self.target.split(",") if name.strip())


def _fields(plain: object) -> dict[str, Any]:
    """Return fields by name, of plain data that may come from anyone."""
    if not isinstance(plain, Mapping):
        raise SpecError(f"a setup must be an object of fields, not {shown(plain)}")
    known = [f.name for f in fields(Setup)]
    for name in plain:
        if name not in known:
            raise SpecError(f"a setup has no field {shown(name)}; {suggest(name, known)}")
    return dict(plain)
