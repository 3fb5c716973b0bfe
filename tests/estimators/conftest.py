"""What the tests of the estimators share: each engine in turn."""

import pytest

from fallline.engines.registry import ENGINES


@pytest.fixture(params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    """Return the name of an engine."""
    return request.param
