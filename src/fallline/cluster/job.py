"""The training of one process among several: what all do alike, and what process 0 does alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..arrays import Floats
from ..data.spread import SpreadOrder
from ..descent import Run, resume
from ..descent.calls import RENEWABLE
from ..descent.checkpoint import Saver, data_digest
from ..engines.fallback import python_functions
from ..engines.protocol import Rows
from ..engines.registry import ENGINES
from ..errors import DataError, SpecError
from ..formulas.losses import LOSSES
from ..formulas.optimizers import Solver
from ..spec.network import Network
from ..spec.plan import Plan
from ..training.account import account
from ..training.baselines import baseline_outputs
from ..training.choose import Choice, untried
from ..training.last import Last, check_same
from ..training.prepare import Coding
from ..training.result import Stage, Start, TrainingResult
from ..training.rules import with_rules
from ..training.settings import Settings, network_for
from ..training.work import choice_before
from .agreement import Agreement
from .prepared import (
    Looked,
    Ready,
    Seen,
    look,
    looked_from_json,
    looked_to_json,
    make_ready,
    spread_rows,
)
from .source import Shards, open_shards
from .together import Together

if TYPE_CHECKING:
    from ..engines.xla import Products

__all__ = ["Asked", "train_part"]


@dataclass(frozen=True)
class Asked:
    """What is to be trained, the same on all processes.

    Attributes
    ----------
    data, read
        The table, and how it is read; see `fallline.data.open_source`.
    target
        The columns to predict.
    settings
        As for `fallline.train`.
    checkpoint, every, resume
        As for `fallline.train`; only process 0 reads and writes these files.
    """

    data: Any
    read: Mapping[str, Any]
    target: Sequence[str]
    settings: Settings
    checkpoint: str | Path | None = None
    every: str | int = "10 epochs"
    resume: str | Path | None = None

    def check(self) -> None:
        """Raise a SpecError for what only one process can do."""
        for name, value in (("folds", self.settings.folds), ("time", self.settings.time)):
            if value is not None:
                raise SpecError(
                    f"--{name} needs the whole table in one process; leave it out, or --processes "
                    "and --hosts"
                )
        if self.settings.restarts > 1:
            raise SpecError("several processes train one network: leave --restarts at 1")
        self.products()

    def products(self) -> Products:
        """Return how matrices are multiplied: a setting of the engine.

        Raises
        ------
        SpecError
            For another engine, or fewer devices than all.
        """
        wanted = self.settings.engine
        row = ENGINES["xla" if wanted == "auto" else wanted]
        if row.family != "xla":
            raise SpecError(
                f"several processes compute with the engine xla, not with {wanted}; leave --engine "
                "out"
            )
        if row.settings["devices"] not in (1, "all"):  # 1 unless said
            raise SpecError(
                f"several processes take all devices, not {row.settings['devices']}; leave "
                "--devices out"
            )
        products: Products = row.settings["products"]
        return products


def train_part(
    asked: Asked,
    together: Together,
    agreement: Agreement,
    *,
    part: Callable[[], None],
    start: Callable[[Start], None] | None = None,
    watch: Callable[[Stage], None] | None = None,
) -> TrainingResult | None:
    """Train with the other processes; return the result on process 0, None on the others.

    Parameters
    ----------
    agreement
        What ends the run on all processes at once.
    part
        Called when the processes part, before process 0 judges the model.
    start, watch
        As for `fallline.train`; called by process 0 alone.

    Raises
    ------
    DataError, SpecError
        On all processes alike.
    """
    asked.check()
    shards = _opened(asked, together)
    looked = _looked(asked, shards, together)
    ready = make_ready(shards, looked, asked.settings, together)
    settings, output = with_rules(asked.settings, ready.rows["train"], ready.coding.target)
    target, loss = ready.coding.target, LOSSES[settings.loss or ""]
    outputs = target.k * loss.outputs_each
    network = network_for(settings.net or "none", ready.coding.encoder.d, outputs, output)
    with _fetched(asked.resume, together) as own:
        choice = untried(settings) if own is None else choice_before(own, settings)
        patience = settings.patience if ready.rows["validation"] else None
        plan = settings.plan(choice.l2, epochs=choice.epochs, patience=patience)
        _check_together(network, plan)
        if start is not None and together.first:
            start(_start(shards, looked, ready, settings, network))
        engine = agreement.engine(asked.products())
        rows, validation = spread_rows(
            shards, looked, ready, settings, together, devices=engine.local_devices
        )
        given: dict[str, Any] = {
            "X_val": validation,
            "engine": engine,
            "order": SpreadOrder(ready.counts[0], plan.seed, plan.shuffle),
            "on_steps": agreement,
            "checkpoint": _saver(asked, data_digest(rows, validation), together),
        }
        if own is None:
            given |= {"initializer": settings.initializer, "plan": plan, "dtype": settings.dtype}
            run = Run(network, rows, None, **given)  # type: ignore[arg-type]
        else:
            check_same(own, network, plan, settings)
            given |= {name: getattr(plan, name) for name in RENEWABLE}
            run = resume(own, rows, None, **given)  # type: ignore[arg-type]
    judge = _Judge.of(looked, ready, settings) if together.first else None
    together.gather(None)  # to wait for process 0 here, where nobody watches
    agreement.watch(run)
    for epoch in run:
        if watch is not None and together.first:
            watch(Stage("training", epoch.epoch, plan.epochs, epoch, f"λ {plan.l2:g}"))
    part()
    return None if judge is None else judge.result(run, choice, agreement.interrupted)


def _opened(asked: Asked, together: Together) -> Shards:
    """Return the table; all processes must see the same one."""

    def opened() -> list[Any]:
        found.append(open_shards(asked.data, asked.read))
        return [found[0].source.n, list(found[0].source.names)]

    found: list[Shards] = []
    for rank, told in enumerate(every := together.all_do(opened)):
        if told != every[0]:
            raise DataError(
                f"process {rank} sees another table than process 0 ({told[0]} rows, not "
                f"{every[0][0]}); all hosts must see the same files"
            )
    return found[0]


def _looked(asked: Asked, shards: Shards, together: Together) -> Looked:
    found: list[Looked] = []

    def looking() -> Any:
        if not together.first:
            return None
        found.append(look(shards, asked.target, asked.settings))
        return looked_to_json(found[0])

    told = together.all_do(looking)[0]
    return found[0] if together.first else looked_from_json(told)


@contextmanager
def _fetched(path: str | Path | None, together: Together) -> Iterator[Path | None]:
    """Give a copy of the checkpoint that process 0 goes on from; None where it begins anew.

    It alone decides: other hosts need not see its files, nor know whether there is one by now.
    """

    def content() -> str | None:
        if path is None or not together.first:
            return None
        try:
            kept.append(Path(path).read_bytes())
        except OSError as error:
            raise DataError(f"cannot read the checkpoint '{path}': {error.strerror}") from None
        return Path(path).name

    kept: list[bytes] = []
    name = together.all_do(content)[0]
    if name is None:
        yield None
        return
    told = together.gather_bytes(kept[0] if together.first else b"")[0]
    if together.first:
        yield Path(path or "")
        return
    with tempfile.TemporaryDirectory(prefix="fallline-") as folder:
        copy = Path(folder) / name
        copy.write_bytes(told)
        yield copy


def _saver(asked: Asked, digest: str, together: Together) -> Saver | None:
    """Return what writes checkpoints on process 0; on the others it only knows when."""
    if asked.checkpoint is None:
        return None
    return Saver(asked.checkpoint if together.first else None, asked.every, digest)


def _start(shards: Shards, looked: Looked, ready: Ready, settings: Settings, network: Any) -> Start:
    seen = ready.seen(looked, settings)
    return Start(
        source=shards.source.name,
        table_rows=shards.source.n,
        table_columns=len(shards.source.names),
        target=ready.coding.target.names,
        task=seen.task,
        task_reason=seen.known.task_reason,
        roles=looked.roles,
        rows=ready.rows,
        notes=seen.notes,
        network=network,
        settings=settings,
    )


@dataclass(frozen=True, eq=False)
class _Judge:
    """What process 0 judges the model by: the rows that it has looked at, and simple models.

    It is made before the training: once that is interrupted, nothing slow may follow.
    """

    seen: Seen
    coding: Coding
    settings: Settings
    rows: Rows
    ask: Rows
    simple: Mapping[str, Floats]

    @classmethod
    def of(cls, looked: Looked, ready: Ready, settings: Settings) -> _Judge:
        seen, encoder, loss = (
            ready.seen(looked, settings),
            ready.coding.encoder,
            LOSSES[settings.loss or ""],
        )
        rows = seen.rows(encoder, seen.train, settings.dtype)
        ask = seen.rows(encoder, seen.judged, settings.dtype)
        plain = [one._replace(Y=loss.plain(one.Y)) for one in (rows, ask)]
        simple = baseline_outputs(seen.target, plain[0], plain[1])
        return cls(seen, ready.coding, settings, rows, ask, simple)

    def result(self, run: Run, choice: Choice, interrupted: bool) -> TrainingResult:
        """Return the model that a run reached, and its account."""
        if not run.history:
            raise DataError(f"nothing was learnt: {run.stopped}")
        return account(
            self.seen,
            replace(self.settings, l2=choice.l2, epochs=choice.epochs),
            choice,
            Last((run,), interrupted),
            self.coding.encoder,
            self.rows,
            self.ask,
            self.simple,
        )


def _check_together(network: Network, plan: Plan) -> None:
    """Raise a SpecError for what needs all rows in one process, or functions that stay in it."""
    steps = None if isinstance(plan.optimizer, Solver) else plan
    if python_functions(network, plan.objective, steps):
        raise SpecError(
            "a Python function of your own cannot be sent to other processes; write it as a "
            "formula, such as 'z*tanh(z)'"
        )
    if plan.metrics:
        raise SpecError("metrics of each epoch need all rows in one process; leave --metric out")
