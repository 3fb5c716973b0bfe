"""scikit-learn's estimators, `MLPClassifier` and `MLPRegressor`, on fallline's own descent.

``base.py`` is the flow of a fit; each question that a fit asks has a file: which parameters
(`parameters`), which random numbers (`draws`), which network, error and plan (`problem`), which
learning rate (`rates`), when to stop (`watching`, `scoring`), by steps (`stepwise`) or by SciPy
(`lbfgs`).
"""

from .classifier import MLPClassifier
from .comparison import Comparison, compare
from .regressor import MLPRegressor

__all__ = ["Comparison", "MLPClassifier", "MLPRegressor", "compare"]
