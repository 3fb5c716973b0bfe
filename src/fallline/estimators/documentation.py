"""What both estimators' docstrings say of the parameters and attributes that they share."""

from __future__ import annotations

import inspect
from typing import TypeVar

__all__ = ["documented"]

Class = TypeVar("Class", bound=type)

_PARAMETERS = """
hidden_layer_sizes
    Units of each hidden layer, from the inputs on; an integer serves for one layer.
activation
    Of the hidden units: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, or any other
    that fallline knows; or a list with one for each hidden layer.
solver
    ``"adam"``, ``"sgd"`` or ``"lbfgs"`` (SciPy's, on all rows at once).
alpha
    α ≥ 0 of the penalty ½α‖W‖² / Σs on weights, whose strength depends on the batch.
batch_size
    Rows of a step; ``"auto"`` is 200, or all rows where they are fewer.
learning_rate
    With ``solver="sgd"``: ``"constant"``, ``"invscaling"``: η / (rows seen + 1)^power_t, or
    ``"adaptive"``: divided by 5 each time the fit would stop.
learning_rate_init
    η > 0 of the first step.
power_t
    The exponent of ``"invscaling"``.
max_iter
    The most epochs, or iterations of L-BFGS.
shuffle
    Whether each epoch takes the rows in a new order.
random_state
    An integer, a RandomState, or None: the source of start weights, orders and the split.
tol
    By how much the loss, or the score with early stopping, must improve to count.
verbose
    Whether to print the loss of each epoch.
warm_start
    Whether `fit` goes on from the weights of the fit before.
momentum, nesterovs_momentum
    β in [0, 1] of ``solver="sgd"``, and whether in Nesterov's form.
early_stopping
    Whether to keep a part of the rows, and to stop when their score no longer improves.
validation_fraction
    Which part of the rows.
beta_1, beta_2, epsilon
    Of ``solver="adam"``.
n_iter_no_change
    The most epochs without improvement.
max_fun
    The most evaluations of the error by L-BFGS.
output_activation
    Of the output units; the one that suits the error unless given.
optimizer
    An optimizer of fallline, such as ``fallline.RMSProp(0.01)`` or ``"adamw(weight_decay=0.01)"``,
    which is taken over `solver`. A name without a rate takes `learning_rate_init`.
schedule
    Of the learning rate, such as ``"cosine"`` or ``"step(every=10, per='epoch')"``, taken over
    `learning_rate`; or a function of the step, counting from 0. It goes on from one `partial_fit`
    to the next, as if they were the `max_iter` epochs of one fit.
dropout
    The probability that a hidden unit is dropped in a step.
l1
    λ₁ ≥ 0 of the penalty λ₁ Σ|w| on weights.
clip_norm
    The gradient is scaled down to this Euclidean norm where it exceeds it.
scale_inputs
    Whether inputs are standardised inside, by the first rows that are fitted. ``coefs_`` are those
    of the standardised inputs. Sparse inputs are scaled, but not centred.
restore_best
    Whether the fit ends with the weights of the best validation score, as it always does with
    early stopping; needs rows to judge by.
stopping_metric
    What is watched on the validation rows: None for accuracy or R², ``"error"`` for the
    validation error with its sign turned, or any scorer of scikit-learn, by name or as a function
    ``score(estimator, X, y)``, which also gets ``sample_weight`` where it takes it.
callbacks
    Functions that are called with each `Epoch`; one that raises StopIteration ends the fit well.
    For scikit-learn's callback objects see `set_callbacks`.
restarts
    How many fits to try from different start weights; the best is kept, by the validation score
    where there is one, else by the loss.
time_budget
    Seconds after which a fit ends, at the end of the step then running; each of several
    `restarts` has as many.
dtype
    ``"float32"`` or ``"float64"``; that of X unless given.
engine
    What computes: a name from fallline's table of engines.
"""

_ATTRIBUTES = """
coefs_, intercepts_ : list of ndarray
    The weights (fan_in, fan_out) and biases (fan_out,) of each layer.
loss_ : float
    The loss of the last epoch, penalty included.
loss_curve_, validation_curve_ : list of float
    The loss of each epoch; and the validation error of each, None without validation rows.
validation_scores_, best_validation_score_ : list of float, float
    The score of each epoch and the best one; None without validation rows.
best_loss_ : float
    The least loss; None with early stopping.
history_ : History
    What happened in the last fit, with the true error where ``loss_curve_`` has that of clipped
    probabilities, as scikit-learn reports it.
n_iter_, t_ : int
    Epochs of the last fit, and rows seen in all fits.
n_layers_, n_outputs_, out_activation_ : int, int, str
    Of the network.
n_features_in_, feature_names_in_ : int, ndarray
    Of the inputs; names where X has them.
"""


def documented(cls: Class) -> Class:
    """Fill in what a class's docstring shares with the other: ``{shared}`` and ``{fitted}``."""
    text = inspect.cleandoc(cls.__doc__ or "")
    for mark, shared in (("{shared}", _PARAMETERS), ("{fitted}", _ATTRIBUTES)):
        text = text.replace(mark, shared.strip())
    cls.__doc__ = text
    return cls
