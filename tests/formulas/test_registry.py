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
        assert (getattr(row, "family", "") or name) == name


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


# --- settings -----------------------------------------------------------------------------------

WITH_SETTINGS = [(table, family) for table in TABLES for family in table.families.values()]
every_family = pytest.mark.parametrize(
    ("table", "family"), WITH_SETTINGS, ids=lambda value: getattr(value, "name", "")
)
SPELLINGS = {
    "leaky_relu": "leaky_relu",
    "leaky_relu()": "leaky_relu",
    "leaky_relu(slope=0.01)": "leaky_relu",
    " leaky_relu ( slope = 1e-2 , ) ": "leaky_relu",
    "leaky_relu(slope=1)": "leaky_relu(slope=1.0)",
    "leaky_relu(slope=+.5)": "leaky_relu(slope=0.5)",
}


@every_family
def test_the_plain_name_has_the_default_settings(table, family):
    row = table[family.name]
    assert dict(row.settings) == {name: one.default for name, one in family.settings.items()}
    assert table[f"{family.name}()"].name == family.name


@every_family
def test_the_name_of_a_row_with_settings_leads_back_to_it(table, family):
    for name, setting in family.settings.items():
        if isinstance(setting.default, bool) or not isinstance(setting.default, int | float):
            continue
        whole = isinstance(setting.default, int)
        other = setting.default + 1 if whole else setting.default / 2 or 0.25
        row = table[f"{family.name}({name}={other})"]
        assert row.family == family.name and row.settings[name] == other
        assert row.name != family.name and table[row.name].name == row.name


@every_family
def test_an_unknown_setting_is_answered_with_the_nearest(table, family):
    nearest = next(iter(family.settings))
    with pytest.raises(SpecError, match=f"{family.name} has no setting '{nearest}z'.*{nearest}"):
        table[f"{family.name}({nearest}z=1)"]


@pytest.mark.parametrize(("text", "name"), SPELLINGS.items())
def test_spellings_become_one_name(text, name):
    assert ACTIVATIONS[text].name == name


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        (ACTIVATIONS, "leaky_relu(slope=-1)", "leaky_relu: slope must be a finite number of at"),
        (ACTIVATIONS, "leaky_relu(slope=1, slope=2)", "slope is given twice"),
        (ACTIVATIONS, "leaky_relu(slope=1 2)", "cannot read the settings of"),
        (ACTIVATIONS, "leaky_relu(0.1)", "by name, as in 'leaky_relu.slope=0.01.'; known: slope"),
        (ACTIVATIONS, "leaky_relu(slope=__import__('os'))", "cannot read the settings of"),
        (ACTIVATIONS, "leaky_relu(slope=1+1)", "cannot read the settings of"),
        (ACTIVATIONS, "leaky_relu(slope=[0.1])", "must be a finite number .*not \\[0.1\\]"),
        (ACTIVATIONS, "leaky_relu(slope=1e999)", "must be a finite number"),
        (ACTIVATIONS, "tanh(slope=1)", "activation tanh has no settings; write 'tanh'"),
        (ACTIVATIONS, "leaky(slope=1)", "unknown activation .*did you mean 'leaky_relu'"),
        (LOSSES, "quantile(levels=[[0.1]])", "cannot read"),
        (LOSSES, "quantile(levels=[0.1 0.2])", "cannot read the list"),
        (LOSSES, "huber(delta=" + "9" * 100_000 + ")", "unknown loss 'huber.*\\.\\.\\."),
        (LOSSES, "huber(" * 1000 + ")" * 1000, "unknown loss"),
        (LOSSES, "huber(delta=" + "[" * 5000 + "]" * 5000 + ")", "cannot read"),
        (LOSSES, "huber(delta=" + "-" * 5000 + "1)", "cannot read"),
    ],
)
def test_settings_that_cannot_be_are_refused(table, text, message):
    with pytest.raises(SpecError, match=message) as caught:
        table[text]
    assert len(str(caught.value)) < 1500


def test_a_fallback_describes_what_is_no_name():
    tanh = ACTIVATIONS["tanh"]
    table = Registry("thing", [tanh], fallback=lambda text: tanh if "z" in text else None)
    assert table["tanh(z)*2"] is tanh and table["tanh(z)"] is tanh
    assert "tanh(z)" not in table
    with pytest.raises(SpecError, match="unknown thing 'tan'"):
        table["tan"]
