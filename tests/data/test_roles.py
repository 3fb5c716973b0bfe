from __future__ import annotations

import uuid

import numpy as np
import pytest

from fallline.data import Role, Table, find_roles
from fallline.errors import DataError

N = 60
RNG = np.random.default_rng(0)
Y = RNG.normal(size=N)


def role(values: object, name: str = "x", **options: object) -> Role:
    table = Table.of({name: values, "other": RNG.normal(size=N), "y": Y})
    return find_roles(table, "y", **options)[0]


def letters(count: int) -> list[str]:
    return [f"v{i % count}" for i in range(N)]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        pytest.param(RNG.normal(size=N), "numeric", id="unique floats"),
        pytest.param(RNG.integers(0, 3, N), "numeric", id="few whole numbers"),
        pytest.param(np.arange(N) % 2 == 0, "boolean", id="booleans"),
        pytest.param(["Yes", "no"] * 30, "boolean", id="yes and no"),
        pytest.param(["T", "F", "n/a"] * 20, "boolean", id="t and f with gaps"),
        pytest.param(letters(5), "category", id="few words"),
        pytest.param(letters(50), "text", id="many words"),
        pytest.param([f"01{i % 9}" for i in range(N)], "category", id="zip codes"),
        pytest.param(["1,234", "12", "n/a"] * 20, "numeric", id="thousands"),
        pytest.param(["$1,200", "12%", "3"] * 20, "numeric", id="money"),
        pytest.param(["1,5", "2,25"] * 30, "numeric", id="decimal comma"),
        pytest.param(["1.5"] * 55 + ["many"] * 5, "numeric", id="mostly numbers"),
        pytest.param(["1.5"] * 50 + ["many"] * 10, "category", id="not mostly numbers"),
        pytest.param(np.arange(N).astype("M8[D]"), "date", id="dates"),
        pytest.param([f"{1 + i % 28}.02.2020" for i in range(N)], "date", id="text dates"),
        pytest.param(np.arange(1, N + 1), "identifier", id="row numbers"),
        pytest.param(RNG.permutation(100)[:N], "identifier", id="sampled row numbers"),
        pytest.param(1950 + np.arange(N), "numeric", id="years"),
        pytest.param(np.arange(N) * 37, "numeric", id="spread whole numbers"),
        pytest.param([f"Person {i}" for i in range(N)], "identifier", id="names"),
        pytest.param([str(uuid.UUID(int=i)) for i in range(N)], "identifier", id="uuids"),
        pytest.param([f"a long review of {i} stars" for i in range(N)], "text", id="free text"),
        pytest.param(2**60 + np.arange(N), "identifier", id="long whole numbers"),
        pytest.param(["x"] * N, "constant", id="one value"),
        pytest.param([None] * N, "constant", id="nothing known"),
        pytest.param([3.0] * 50 + [None] * 10, "numeric", id="one value with gaps"),
        pytest.param(["a"] * 50 + [None] * 10, "category", id="one word with gaps"),
    ],
)
def test_kind(values: object, kind: str) -> None:
    found = role(values)
    assert found.kind == kind, found
    assert found.reason.endswith(".") and "\n" not in found.reason


def test_a_name_makes_whole_numbers_keys() -> None:
    values = np.arange(N) * 37 + 5000
    for name in ("id", "customer_id", "CustomerID", "Unnamed: 0", "row_index"):
        assert role(values, name).kind == "identifier", name
    for name in ("width", "idea", "solid"):
        assert role(values, name).kind == "numeric", name
    assert role(RNG.normal(size=N), "id").kind == "numeric"


def test_user_overrides_everything() -> None:
    values = np.arange(1, N + 1)
    assert role(values, numeric=["x"]).kind == "numeric"
    assert role(values, category=["x"]).kind == "category"
    assert role(values, text="x").kind == "text"
    assert role(RNG.normal(size=N), drop=["x"]).kind == "dropped"
    assert role(["1,5", "2,5"] * 30, numeric=["x"]).decimal == ","
    assert role(letters(50), max_categories=10).kind == "text"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ["othr"]}, "did you mean 'other'"),
        ({"numeric": ["y"]}, "which is the target"),
        ({"numeric": ["x"], "date": ["x"]}, "both numeric and date"),
        ({"drop": ["x", "other"]}, "no column is left"),
    ],
)
def test_bad_overrides(options: dict[str, list[str]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        role(Y, **options)


def test_unknown_target() -> None:
    with pytest.raises(DataError, match="did you mean 'price'"):
        find_roles(Table.of({"price": [1.0, 2.0]}), "prise")


def test_copies_are_dropped_but_not_the_first() -> None:
    x = RNG.normal(size=N)
    roles = find_roles(Table.of({"a": x, "b": x, "c": letters(3), "d": letters(3), "y": Y}), "y")
    assert [r.kind for r in roles] == ["numeric", "dropped", "category", "dropped"]
    assert "copy of 'a'" in roles[1].reason


def test_leaks_are_flagged_not_dropped() -> None:
    assert "1.0000" in str(role(Y * 3 + 1).leak) and role(Y * 3 + 1).kind == "numeric"
    assert role(-1e300 * Y / np.abs(Y).max()).leak is not None
    assert role(Y + RNG.normal(size=N)).leak is None
    labels = ["a", "b", "c"] * 20
    table = Table.of({"twin": [v.upper() for v in labels], "w": letters(5), "y": labels})
    twin, other = find_roles(table, "y")
    assert "goes with one value" in str(twin.leak) and other.leak is None
    written = [f"{value:.6f}".replace(".", ",") for value in Y]  # a number, but as text
    assert find_roles(Table.of({"x": Y * 3, "y": written}), "y")[0].leak is not None


def test_several_targets_are_left_out() -> None:
    table = Table.of({"a": RNG.normal(size=N), "y": Y, "z": -Y})
    assert [r.name for r in find_roles(table, ["y", "z"])] == ["a"]


def test_namibia_and_none() -> None:
    countries = ["DE", "FR", "CH", "IT", "US", "NA"] * 10
    assert role(countries).missing == 0 and role(countries).kept == ("na", "none")
    assert role(["gas", "oil", "NA"] * 20).missing == 20
    assert role(["gas", "oil", "none"] * 20).missing == 0
    assert role([1.5, 2.5, "none"] * 20).missing == 20


def test_reasons_say_how_to_override_and_what_is_lost() -> None:
    assert "category" in role(RNG.integers(0, 3, N)).reason
    assert "5 cells" in role(["1.5"] * 55 + ["many"] * 5).reason
    assert "day is taken as first" in role(["01/02/2020", "03/04/2021"] * 30).reason
