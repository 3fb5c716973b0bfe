"""What scikit-learn watches of a fit: its reported loss, its scores, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..engines.protocol import Steps
from ..history import Epoch
from .problem import Problem
from .rates import Rates
from .scoring import Scorer

__all__ = ["ReportedLoss", "Watch"]


class ReportedLoss:
    """The loss of an epoch as scikit-learn reports it: batches count by their rows.

    The error of a batch is divided by `per_output`, its penalty is not. Of an error that is a sum
    over rows, the batches' are `summed`.
    """

    def __init__(self, batch: int, per_output: int, *, summed: bool = False) -> None:
        self._batch, self._per_output, self._summed = batch, per_output, summed
        self._sum, self._rows = 0.0, 0

    def add(self, steps: Steps, order: Ints) -> None:
        """Count the steps that an engine took."""
        if not len(steps.errors):
            return
        each = self._losses(steps, 1)[0]
        each[0] += self._sum  # summed in order, as step by step
        self._sum = float(np.add.accumulate(each)[-1])
        self._rows += steps.rows

    def of_epochs(self, steps: Steps, count: int) -> list[float]:
        """Return the losses of so many whole epochs, which these are the steps of."""
        sums = np.add.accumulate(self._losses(steps, count), axis=1)[:, -1] + 0.0
        losses: list[float] = (sums / (1 if self._summed else steps.rows // count)).tolist()
        return losses

    def _losses(self, steps: Steps, count: int) -> Floats:
        """Return what each step adds to the sum of its epoch, (count, steps of an epoch)."""
        told = steps.errors if steps.reported is None else steps.reported
        each = (told - steps.penalties) / self._per_output + steps.penalties
        each = each.reshape(count, -1)
        if not self._summed:
            before = self._batch * (each.shape[1] - 1)
            each[:, :-1] *= self._batch
            each[:, -1] *= steps.rows // count - before  # the last batch may be smaller
        return each

    def end(self) -> float:
        """Return the loss of the epoch that ends, and start anew."""
        loss = self._sum / (1 if self._summed else self._rows) if self._rows else float("nan")
        self._sum, self._rows = 0.0, 0
        return loss


@dataclass
class Watch:
    """What is done at the end of each epoch, with an estimator's fitted attributes as its memory.

    Attributes
    ----------
    estimator
        Whose ``loss_curve_``, ``validation_scores_``, ``n_iter_``, ``t_``, ... are kept up.
    problem, rates
        What is descended, and the learning rate policy.
    score
        How to score the validation rows, or None where nothing is scored.
    best_theta
        The weights of the best score of this fit; those that it starts from, until there is one.
    """

    estimator: Any
    problem: Problem
    rates: Rates
    score: Scorer | None
    best_theta: Floats
    best_score: float = field(default=-np.inf, init=False)
    losses: ReportedLoss = field(init=False)

    def __post_init__(self) -> None:
        plan, each = self.problem.plan, self.problem.per_output
        summed = plan.objective.error.reduction == "sum"
        self.losses = ReportedLoss(plan.batch_size or len(self.problem.Y), each, summed=summed)

    @property
    def sure(self) -> float:
        """How many epochs there are, at least, up to the first that the fit may end with."""
        left: float = self.estimator.n_iter_no_change - self.estimator._no_improvement_count + 1
        return max(1, left)

    def epochs_ended(self, steps: Steps, epochs: Sequence[Epoch]) -> str | None:
        """Keep what happened in whole epochs that are not scored, as `epoch_ended` does.

        In all of them; or where a signal comes between, in none.
        """
        est, rates, reason = vars(self.estimator), vars(self.rates), None
        before, count = (dict(est), dict(rates)), len(self.estimator.loss_curve_)
        try:
            for epoch, loss in zip(epochs, self.losses.of_epochs(steps, len(epochs)), strict=True):
                reason = self._ended(epoch, loss, None)
        except BaseException:
            est.update(before[0])
            rates.update(before[1])
            del self.estimator.loss_curve_[count:]
            raise
        return reason

    def epoch_ended(self, epoch: Epoch, theta: Callable[[], Floats]) -> str | None:
        """Keep what happened; return why the fit ends, or None while it goes on.

        The weights θ() are asked for where they are scored.
        """
        return self._ended(epoch, self.losses.end(), theta)

    def _ended(self, epoch: Epoch, loss: float, theta: Callable[[], Floats] | None) -> str | None:
        est = self.estimator
        est.n_iter_ += 1
        est.loss_ = loss
        est.t_ += len(self.problem.Y)
        est.loss_curve_.append(est.loss_)
        self._tell(f"Iteration {est.n_iter_}, loss = {est.loss_:.8f}")
        if epoch.validation_error is not None:
            est.validation_curve_.append(epoch.validation_error)
        self._count(epoch, None if theta is None or self.score is None else theta())
        self.rates.epoch_ended(est.t_)
        if est._no_improvement_count <= est.n_iter_no_change:
            return None
        goes_on, then = self.rates.instead_of_stopping()
        self._tell(f"{self._reason()} {then}")
        if goes_on:
            est._no_improvement_count = 0
            return None
        return self._reason()

    def _count(self, epoch: Epoch, theta: Floats | None) -> None:
        """Count the epochs since the last one that was better, and keep the best weights θ."""
        est, score, scored = self.estimator, float("nan"), self.best_theta
        if self.score is not None and theta is not None:
            scored = theta
            score = self.score(epoch, scored)
            est.validation_scores_.append(score)
            self._tell(f"Validation score: {score:f}")
        if est.early_stopping:
            worse = score < est.best_validation_score_ + est.tol
        else:
            worse = est.loss_ > est.best_loss_ - est.tol
            est.best_loss_ = min(est.best_loss_, est.loss_)
        est._no_improvement_count = est._no_improvement_count + 1 if worse else 0
        if score > self.best_score:
            self.best_score, self.best_theta = score, scored
            est.best_validation_score_ = max(est.best_validation_score_, score)

    def _reason(self) -> str:
        est = self.estimator
        what = "Validation score" if est.early_stopping else "Training loss"
        return (
            f"{what} did not improve more than tol={est.tol:f} for {est.n_iter_no_change} "
            "consecutive epochs."
        )

    def _tell(self, message: str) -> None:
        if self.estimator.verbose:
            print(message)
