"""What holds for every test: JAX in float64 on the CPU, repeatable examples from hypothesis."""

import importlib.util
import os
from collections.abc import Iterable

import hypothesis
import pytest

collect_ignore_glob = ["golden/make_*.py"]  # they need the libraries that they record

# Set before the first import of JAX, for this process and for those that tests start.
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

# A test gives the same verdict on each run. To hunt for new examples, run with
# --hypothesis-profile=search; what it finds becomes an @example.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("search", max_examples=2000, deadline=None)
hypothesis.settings.load_profile("fixed")

# Without the C++ core the tests of the native engine are skipped, and that it is missing is no
# fault of the others; but where CI is set it must be there.
WITHOUT_CORE = importlib.util.find_spec("fallline._core") is None and not os.environ.get("CI")


def pytest_configure(config: pytest.Config) -> None:
    if WITHOUT_CORE:
        config.addinivalue_line("filterwarnings", "ignore:this install of fallline has no C++ core")


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    reason = "fallline has no C++ core here; to see why: pip install -v -e '.[dev]'"
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if WITHOUT_CORE and parameters.get("engine") == "native":
            item.add_marker(pytest.mark.skip(reason=reason))
