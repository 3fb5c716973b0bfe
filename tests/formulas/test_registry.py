"""Tables of rows: names, aliases, and the suggestion for a name that is not there."""

import pytest

from fallline.engines.registry import ENGINES
from fallline.errors import SpecError
from fallline.formulas.activations import ACTIVATIONS
from fallline.formulas.initializers import INITIALIZERS
from fallline.formulas.losses import LOSSES
from fallline.formulas.metrics import METRICS
from fallline.formulas.optimizers import OPTIMIZERS
from fallline.formulas.penalties import PENALTIES
from fallline.formulas.registry import Registry
from fallline.formulas.schedules import SCHEDULES

TABLES = [
    ACTIVATIONS, ENGINES, INITIALIZERS, LOSSES, METRICS, OPTIMIZERS, PENALTIES, SCHEDULES,
]  # fmt: skip
every_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.kind)


@every_table
def test_rows_are_found_by_their_own_names(table):
    assert len(table) == len(list(table)) >= 1
    for name, row in table.items():
        assert row.name == name and table[name] is row and name in table


@every_table
def test_aliases_lead_to_rows_and_hide_none(table):
    for alias, name in table.aliases.items():
        assert table[alias] is table[name] and alias in table
        assert alias not in list(table)


@every_table
def test_an_unknown_name_is_answered_with_the_nearest(table):
    nearest = next(iter(table))
    misspelt = nearest[:-1] + "zz"
    with pytest.raises(SpecError) as caught:
        table[misspelt]
    assert misspelt in str(caught.value) and nearest in str(caught.value)


@pytest.mark.parametrize("name", [None, 3, ["relu"], {"relu": 1}, b"relu", "", "re\x00lu"])
@every_table
def test_what_is_no_name_is_refused_with_the_list(table, name):
    with pytest.raises(SpecError, match="unknown"):
        table[name]


def test_what_is_far_from_all_names_is_answered_with_the_list():
    with pytest.raises(SpecError, match=r"known: .*logistic.*sigmoid"):
        ACTIVATIONS["qqqqqq"]


@every_table
def test_texts_and_sources_are_there(table):
    """What a table is for: people read these."""
    for row in table.values():
        for field in ("text", "source", "purpose"):
            assert getattr(row, field, "absent").strip()


def test_a_table_is_read_only():
    table: Registry = Registry("thing", [])
    with pytest.raises(TypeError):
        table["new"] = 1
