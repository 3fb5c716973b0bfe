"""The work on prepared rows: choose, train, judge. `train` does it once, each fold once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ..descent.checkpoint import read_checkpoint
from ..engines.protocol import Rows
from ..errors import DataError
from ..formulas.losses import LOSSES
from ..history import Epoch
from ..spec.network import Network
from .account import account
from .baselines import baseline_outputs
from .choose import Choice, choose
from .last import Keeping, train_last
from .prepare import Prepared
from .result import Stage, TrainingResult
from .rules import with_rules
from .settings import Settings, network_for

__all__ = ["Work", "choice_before"]


@dataclass(frozen=True)
class Work:
    """Prepared rows, with the settings that the rules have filled in.

    Attributes
    ----------
    prepared
        The rows.
    settings
        Nothing that the rules know is left open in them.
    output
        The output layer's activation.
    """

    prepared: Prepared
    settings: Settings
    output: str

    @classmethod
    def of(cls, prepared: Prepared, asked: Settings) -> Work:
        """Return the work, settings filled in."""
        return cls(prepared, *with_rules(asked, len(prepared.train), prepared.target))

    def with_note(self, note: str) -> Work:
        """Return the work with one more sentence that the user should know."""
        return replace(self, prepared=replace(self.prepared, notes=(*self.prepared.notes, note)))

    def network(self, n_inputs: int) -> Network:
        """Return the network for this many inputs."""
        net = self.settings.net or "none"
        outputs = self.prepared.target.k * LOSSES[self.settings.loss or ""].outputs_each
        return network_for(net, n_inputs, outputs, self.output)

    def _plain(self, rows: Rows) -> Rows:
        """Return the rows with targets as the target's encoder gives them."""
        return rows._replace(Y=LOSSES[self.settings.loss or ""].plain(rows.Y))

    def do(self, report: Callable[[Stage], None], keeping: Keeping | None = None) -> TrainingResult:
        """Choose penalty and epochs, train, and judge.

        A training that goes on from a checkpoint has its penalty and its epochs from there.

        Raises
        ------
        DataError
            When nothing is learnt.
        """
        prepared, settings = self.prepared, self.settings

        def choosing(epoch: Epoch, done: int, total: int, detail: str) -> None:
            report(Stage("choosing", done, total, epoch, detail))

        keeping = keeping or Keeping()
        if keeping.resume is None:
            choice = choose(prepared, settings, self.network, choosing)
        else:
            choice = choice_before(keeping.resume, settings)
        encoder = prepared.encoder(prepared.train)
        rows = prepared.rows(encoder, prepared.train, settings.dtype)
        ask = prepared.rows(encoder, prepared.judged, settings.dtype)
        # Before the last training: once that is interrupted, nothing slow may follow.
        simple = baseline_outputs(prepared.target, self._plain(rows), self._plain(ask))
        validation = prepared.validation_rows(encoder, settings.dtype)
        plan = settings.plan(
            choice.l2,
            epochs=choice.epochs,
            patience=None if validation is None else settings.patience,
        )
        last = train_last(
            self.network(encoder.d), plan, settings, rows, validation, report, keeping
        )
        if not last.run.history:
            raise DataError(f"nothing was learnt: {last.run.stopped}")
        if keeping.resume is not None:  # so that the settings that are told repeat the training
            settings = replace(settings, l2=choice.l2, epochs=choice.epochs)
        return account(prepared, settings, choice, last, encoder, rows, ask, simple)


def choice_before(path: str | Path, settings: Settings) -> Choice:
    """Return what was chosen for the run of a checkpoint; the user may ask for other epochs."""
    found = read_checkpoint(path)
    done = len(found.snapshot.progress.history)
    reason = f"penalty λ = {found.plan.l2:g}: that of the run in '{path}', {done} epochs of it done"
    l2 = found.plan.l2 if settings.l2 is None else settings.l2
    return Choice(l2, settings.epochs or found.plan.epochs, (reason,))
