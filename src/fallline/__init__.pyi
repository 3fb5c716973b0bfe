# The public names of fallline, one a line; to add one, add its line.
# __init__.py reads the lines that begin with "from ." and imports each name when it is first used.

from . import data as data
from . import errors as errors
from .data import Table as Table
from .data import read_table as read_table
from .descent import Run as Run
from .descent import descend as descend
from .descent import descend_many as descend_many
from .descent import resume as resume
from .engines.calls import error_and_gradient as error_and_gradient
from .engines.calls import errors_at as errors_at
from .engines.calls import example_gradients as example_gradients
from .engines.calls import predict as predict
from .engines.predictor import Predictor as Predictor
from .engines.predictor import predictor as predictor
from .estimators import Comparison as Comparison
from .estimators import MLPClassifier as MLPClassifier
from .estimators import MLPRegressor as MLPRegressor
from .estimators import compare as compare
from .explain.certify import certify as certify
from .explain.derive import derive as derive
from .explain.trace import trace as trace
from .explain.trace import trace_step as trace_step
from .explain.worked import check_worked_example as check_worked_example
from .explain.worked_examples import worked_example as worked_example
from .explain.worksheet import worksheet as worksheet
from .formulas.custom_functions import activation as activation
from .formulas.custom_functions import loss as loss
from .formulas.dialects import difference as difference
from .formulas.optimizers import LBFGS as LBFGS
from .formulas.optimizers import SGD as SGD
from .formulas.optimizers import Adadelta as Adadelta
from .formulas.optimizers import Adagrad as Adagrad
from .formulas.optimizers import Adam as Adam
from .formulas.optimizers import AdamW as AdamW
from .formulas.optimizers import Lion as Lion
from .formulas.optimizers import NAdam as NAdam
from .formulas.optimizers import RMSProp as RMSProp
from .formulas.optimizers import Rprop as Rprop
from .history import Epoch as Epoch
from .history import History as History
from .history import Step as Step
from .model import Model as Model
from .model import load as load
from .pictures.animation import animate as animate
from .pictures.basins import basins as basins
from .pictures.bowl import bowl as bowl
from .pictures.bowl import tangent as tangent
from .pictures.diagram import diagram as diagram
from .pictures.race import race as race
from .pictures.surface import surface as surface
from .pictures.training import layer_history as layer_history
from .report.report import model_report as model_report
from .spec.network import Input as Input
from .spec.network import Layer as Layer
from .spec.network import Network as Network
from .studio import studio as studio
from .training import CrossValidation as CrossValidation
from .training import TrainingResult as TrainingResult
from .training import cross_validate as cross_validate
from .training import rows_for as rows_for
from .training import train as train

__version__: str
__all__: list[str]
