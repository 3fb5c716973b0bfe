"""A certificate asks every engine, of which xla compiles each time: for half a second."""

import pytest

from fallline.engines.registry import ENGINES


@pytest.fixture(autouse=True)
def xla_in_the_first_case_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Let all engines there are be asked in one case of each test, in the others all but xla."""
    case = getattr(request.node, "callspec", None)
    if case is not None and any(case.indices.values()):
        monkeypatch.delitem(ENGINES._rows, "xla")
