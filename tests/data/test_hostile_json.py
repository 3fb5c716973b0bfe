"""Encoders read from a stranger's file: each defect is a DataError, none anything else."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fallline.data import Column, Table, TableEncoder, TargetEncoder, find_roles
from fallline.errors import DataError

TABLE = Table.of(
    {
        "n": [1.5, 2.5, None] * 10,
        "b": [True, False, True] * 10,
        "c": ["u", "v", "w"] * 10,
        "d": [dt.date(2020, 1, 1 + i) for i in range(30)],
        "t": [f"words {i % 20}" for i in range(30)],
    }
)
ENCODER = TableEncoder.fit(TABLE, find_roles(TABLE)).to_json()
TARGETS = [
    TargetEncoder.fit(Column.of("y", ["a", "b", "c"]), "classification").to_json(),
    TargetEncoder.fit((Column.of("y", [1.0, 2.0]), Column.of("z", ["1,5", "2,5"]))).to_json(),
]
BAD = [None, True, -1, 0, 10**400, 1e308, "x", "", [], [1], ["x", "x"], {}, {"a": 1}, float("nan"),
       float("inf"), -float("inf"), [None], ["x"] * 100_001]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(p for key, item in inner for p in places(item, (*path, key)))]


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copied = copy.deepcopy(data)
    holder = copied
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return copied


def refuse_or_hold(data: Any, kind: type[TableEncoder] | type[TargetEncoder]) -> bool:
    """Say whether it was refused; what is taken must be sound: written again it is the same."""
    try:
        encoder = kind.from_json(data)
    except DataError:
        return True
    assert json.loads(json.dumps(encoder.to_json(), allow_nan=False)) == data
    if isinstance(encoder, TableEncoder):
        encoder.encode({name: ["1", None] for name in encoder.names})
    return False


@pytest.mark.parametrize("bad", range(len(BAD)))
def test_any_field_replaced(bad: int) -> None:
    refused = 0
    for data, kind in [(ENCODER, TableEncoder), *((t, TargetEncoder) for t in TARGETS)]:
        for path in places(data):
            refused += refuse_or_hold(replaced(data, path, BAD[bad]), kind)
    assert refused > 20


def test_fields_left_out_or_added() -> None:
    for i, column in enumerate(ENCODER["columns"]):
        for name in column:
            with pytest.raises(DataError):
                smaller = {k: v for k, v in column.items() if k != name}
                TableEncoder.from_json(replaced(ENCODER, ("columns", i), smaller))
        with pytest.raises(DataError):
            TableEncoder.from_json(replaced(ENCODER, ("columns", i), {**column, "more": 1}))
    with pytest.raises(DataError, match="name of its own"):
        TableEncoder.from_json({**ENCODER, "columns": ENCODER["columns"] * 2})


def test_sizes_are_bounded() -> None:
    text = {"kind": "text", "buckets": 1 << 16, "missing": False, "kept": []}
    many = [{**text, "name": f"t{i}"} for i in range(100)]
    with pytest.raises(DataError, match="at most 5000000 features"):
        TableEncoder.from_json({"format": 1, "columns": many})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_json(data: Any) -> None:
    for kind in (TableEncoder, TargetEncoder):
        with pytest.raises(DataError):
            kind.from_json(data)
