"""What holds for every test: JAX in float64 on the CPU, repeatable examples, Ctrl-C that ends."""

import importlib.util
import os
import signal
from collections.abc import Iterable, Iterator
from typing import Any

import hypothesis
import pytest

collect_ignore_glob = ["golden/make_*.py"]  # they need the libraries that they record

# Set before the first import of JAX, for this process and for those that tests start.
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Most of a test's time with JAX is that of compiling.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)

# A shell has what it starts in the background ignore Ctrl-C, which some tests press.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A test gives the same verdict on each run. To hunt for new examples, run with
# --hypothesis-profile=search; what it finds becomes an @example.
hypothesis.settings.register_profile(
    "fixed",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # it looks at the clock
)
hypothesis.settings.register_profile("search", max_examples=2000, deadline=None)
hypothesis.settings.load_profile("fixed")

# Without the C++ core the tests of the native engine are skipped, and that it is missing is no
# fault of the others; but where CI is set it must be there.
WITHOUT_CORE = importlib.util.find_spec("fallline._core") is None and not os.environ.get("CI")


def pytest_configure(config: pytest.Config) -> None:
    if WITHOUT_CORE:
        config.addinivalue_line("filterwarnings", "ignore:this install of fallline has no C++ core")


@pytest.hookimpl(tryfirst=True)  # before those that are slow are left out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in _mostly_the_same(items):
        item.add_marker(pytest.mark.slow)
    reason = "fallline has no C++ core here; to see why: pip install -v -e '.[dev]'"
    for item in items:
        if WITHOUT_CORE and _engine(item) == "native":
            item.add_marker(pytest.mark.skip(reason=reason))


def _engine(item: pytest.Item) -> Any:
    """Return the engine that a test is given, itself or in an estimator; None without."""
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    return parameters.get("engine", getattr(parameters.get("estimator"), "engine", None))


# One compiles for each row of a table, the other calls thousands of times.
_LONG_WITH_XLA = (
    "test_float32_is_within_1e_minus_5_of_float64",
    "test_calls_leave_nothing_behind",
)


def _mostly_the_same(items: Iterable[pytest.Item]) -> Iterator[pytest.Item]:
    """Yield the tests of the xla engine that may be left out: each compiles for about a second.

    What stays is one case of every test of engines, and of every other file. That the engine
    computes every row of every table is seen in ``engines/test_xla.py``.
    """
    met: set[str] = set()
    for item in items:
        if _engine(item) == "xla":
            file, _, test = item.nodeid.partition("::")
            place = file + test.partition("[")[0] * file.startswith("tests/engines")
            if place in met or test.startswith(_LONG_WITH_XLA):
                yield item
            met.add(place)
