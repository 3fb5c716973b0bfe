"""Activations: the output o = f(h) of a unit with net input h, its slope f' and curvature f''.

Adding an activation is adding a row to one of the three lists that ``ACTIVATIONS`` joins; the
tests over the table then check it against SymPy, central differences and automatic differentiation.
"""

from __future__ import annotations

from .activation import Activation
from .activations_joint import JOINT
from .activations_piecewise import PIECEWISE
from .activations_smooth import SMOOTH
from .own_name import own_rows
from .registry import Registry

__all__ = ["ACTIVATIONS", "Activation"]

ACTIVATIONS: Registry[Activation] = Registry(
    "activation",
    [*SMOOTH, *PIECEWISE, *JOINT],
    aliases={
        "sigmoid": "logistic",
        "linear": "identity",
        "swish": "silu",
        "heaviside": "step",
        "exponential": "exp",
    },
    fallback=own_rows("activation"),
)
