"""The shape of the code: who imports whom, how long files are, what is public, what is loaded.

Nothing here knows what the code computes. The import rules are read from the source, so a module
need not be importable to be checked; the last tests start fresh interpreters and look at what they
load.
"""

import ast
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import fallline

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "fallline"
LONGEST_FILE = 400  # lines

# An earlier level may not import a later one, and within a level only a package may import itself.
# Each entry is a module or a package directly under fallline. ARCHITECTURE.md tells why.
LEVELS = [
    {"_core", "errors"},
    {"arrays", "files"},
    {"formulas"},
    {"spec"},
    {"engines"},
    {"data", "fall", "history"},
    {"history_matrix"},
    {"curvature", "descent"},
    {"model"},
    {"training"},
    {"cluster"},
    {"explain", "export", "estimators"},
    {"pictures"},
    {"report"},
    {"studio"},
    {"cli"},
]
LEVEL_OF = {unit: level for level, units in enumerate(LEVELS) for unit in units}

# Methods that may import from a later level, inside themselves: "unit.Class.method" and the unit
# reached. Meant for Model.export, Model.plot and History.plot, once they exist, and nothing else.
REACHES_RIGHT: set[tuple[str, str]] = {
    ("history.History.plot", "pictures"),
    ("model.Model.plot", "pictures"),
}

# Only these may import the compiled core.
USERS_OF_CORE = {"engines"}

# What importing a module may load beside the standard library and fallline.
MAY_LOAD: dict[str, set[str]] = {
    "fallline": set(),
    "fallline.errors": set(),
    "fallline.formulas": set(),
    "fallline.spec.network": {"numpy"},
    "fallline.data": {"numpy"},
    "fallline.cli.main": {"click"},
}


@dataclass(frozen=True)
class Import:
    """One imported name: by which module, in which function, from which module of fallline."""

    by: str
    line: int
    within: str  # "Class.method", or "" at the top of the module
    module: str  # in full, such as "fallline.spec.network"
    name: str  # "" for a module imported as a whole

    def __str__(self) -> str:
        return f"{self.by}, line {self.line}: imports {self.module} {self.name}".rstrip()


def unit(module: str) -> str:
    """Return the part of a module's name that has a level: "spec" for "fallline.spec.network"."""
    return module.split(".")[1] if "." in module else ""


@cache
def sources() -> dict[str, Path]:
    """Return every module of the package, by its full name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> list[Import]:
    """Return everything that one module of fallline imports from another."""
    return [
        found
        for module, path in sources().items()
        for node, within in walk(ast.parse(path.read_text("utf-8")))
        for found in read_import(node, within, module, path.name == "__init__.py")
        if found.module.split(".")[0] == "fallline"
    ]


def walk(node: ast.AST, within: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Yield every node below `node` with the dotted name of the functions and classes around it."""
    for child in ast.iter_child_nodes(node):
        yield child, within
        named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        yield from walk(child, f"{within}.{child.name}".lstrip(".") if named else within)


def read_import(node: ast.AST, within: str, by: str, is_package: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(by, node.lineno, within, alias.name, "")
    elif isinstance(node, ast.ImportFrom):
        parts = by.split(".")
        up = node.level - is_package  # how many names to drop from the importer's own
        base = parts[: len(parts) - up] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            submodule = f"{module}.{alias.name}"
            if submodule in sources() or submodule == "fallline._core":
                yield Import(by, node.lineno, within, submodule, "")
            else:
                yield Import(by, node.lineno, within, module, alias.name)


def assert_none(offences: list[str], cure: str) -> None:
    assert not offences, "\n".join(["", *offences, "", f"What to do: {cure}"])


# --- imports, as written ------------------------------------------------------------------------


def test_every_module_has_a_level() -> None:
    strangers = sorted({unit(module) for module in sources()} - LEVEL_OF.keys() - {""})
    assert_none(
        [f"fallline.{name} has no level" for name in strangers],
        "choose where it belongs and add it to LEVELS in this file and to ARCHITECTURE.md.",
    )


def test_imports_go_leftwards_only() -> None:
    def allowed(found: Import) -> bool:
        here, there = unit(found.by), unit(found.module)
        if here == there or not here or not there:  # "" is fallline itself: the next test
            return True
        if (f"{here}.{found.within}", there) in REACHES_RIGHT:
            return True
        return LEVEL_OF.get(there, -1) < LEVEL_OF.get(here, len(LEVELS))

    assert_none(
        [str(found) for found in imports() if not allowed(found)],
        "move what is shared to the left, or hand it over as an argument. The order is: "
        + " -> ".join(", ".join(sorted(level)) for level in LEVELS),
    )


def test_what_reaches_rightwards_by_permission_does_so() -> None:
    used = {(f"{unit(found.by)}.{found.within}", unit(found.module)) for found in imports()}
    assert_none(
        [f"{method} does not import {there}" for method, there in sorted(REACHES_RIGHT - used)],
        "remove it from REACHES_RIGHT.",
    )


def test_inside_the_package_names_come_from_where_they_are_defined() -> None:
    assert_none(
        [str(f) for f in imports() if f.module == "fallline" and f.name != "__version__"],
        "import from the module that defines the name; fallline/__init__ is for users.",
    )


def test_private_names_stay_in_their_package() -> None:
    def private(found: Import) -> bool:
        names = [*found.module.split("."), found.name]
        return any(name.startswith("_") and not name.startswith("__") for name in names)

    assert_none(
        [
            str(found)
            for found in imports()
            if private(found)
            and unit(found.by) != unit(found.module)
            and unit(found.module) != "_core"
        ],
        "give the name a public one (no leading underscore) in its module, or do without it.",
    )


def test_only_the_engines_know_the_core() -> None:
    assert_none(
        [
            str(f)
            for f in imports()
            if unit(f.module) == "_core" and unit(f.by) not in USERS_OF_CORE
        ],
        "call the function of fallline.engines that does it.",
    )


# --- files --------------------------------------------------------------------------------------


def test_no_file_is_too_long() -> None:
    kinds = {
        ROOT / "src": {".py", ".pyi"},  # the studio's built page lies there too
        ROOT / "cpp": {".cpp", ".hpp", ".h"},
        ROOT / "studio-ui" / "src": {".ts", ".css"},
    }
    files = [p for top, own in kinds.items() for p in sorted(top.rglob("*")) if p.suffix in own]
    lengths = {p: len(p.read_text("utf-8").splitlines()) for p in files}
    assert_none(
        [f"{p.relative_to(ROOT)}: {n} lines" for p, n in lengths.items() if n > LONGEST_FILE],
        f"split it along its concepts; a file has {LONGEST_FILE} lines at most.",
    )


# --- public names -------------------------------------------------------------------------------


def test_the_public_names_are_those_of_the_stub() -> None:
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text("utf-8"))
    lines = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    assert_none(
        [
            ast.unparse(node)
            for node in lines
            if node.level != 1 or [alias.name for alias in node.names] != [node.names[0].asname]
        ],
        "write one name a line: from .module import name as name.",
    )
    assert fallline.__all__ == sorted(node.names[0].name for node in lines)


@pytest.mark.parametrize("name", fallline.__all__)
def test_a_public_name_resolves(name: str) -> None:
    assert getattr(fallline, name) is not None
    assert name in dir(fallline)


def test_a_public_name_is_no_submodule_of_the_same_name() -> None:
    # Importing fallline.x sets the attribute x of fallline, and would hide a function x.
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text("utf-8"))
    members = [n.names[0].name for n in stub.body if isinstance(n, ast.ImportFrom) and n.module]
    assert_none(
        [
            f"fallline.{name}"
            for name in members
            if f"fallline.{name}" in sources()
            and not callable(importlib.import_module(f"fallline.{name}"))
        ],
        "rename the module, or let it be called as its function is, as fallline/studio does.",
    )


def test_an_unknown_name_is_an_attribute_error_with_a_suggestion() -> None:
    with pytest.raises(AttributeError, match="module 'fallline' has no attribute 'Netwrok'"):
        _ = fallline.Netwrok  # type: ignore[attr-defined]
    run = subprocess.run(
        [sys.executable, "-c", "import fallline; fallline.Netwrok"], capture_output=True, text=True
    )
    assert "Did you mean: 'Network'?" in run.stderr


@pytest.mark.parametrize(
    "name", [name for name in sources() if name != "fallline" and not name.endswith("__main__")]
)
def test_what_a_module_promises_it_has(name: str) -> None:
    module = importlib.import_module(name)
    assert_none(
        [f"{name}.{x}" for x in getattr(module, "__all__", []) if not hasattr(module, x)],
        "define the name or take it out of __all__.",
    )


# --- what is loaded, as run ----------------------------------------------------------------------


def third_party_after(code: str) -> set[str]:
    """Run `code` in a fresh interpreter; return the packages it loaded beside Python's own."""
    script = f"""
import json, sys
before = set(sys.modules)
try:
    {code}
except SystemExit:
    pass
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps(sorted(loaded - set(sys.stdlib_module_names) - {{"fallline", "__mp_main__"}})))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


LATER = "import it inside the function that uses it (or, for types, where TYPE_CHECKING holds)."


@pytest.mark.parametrize("module", MAY_LOAD)
def test_importing_loads_no_more_than_it_may(module: str) -> None:
    extra = third_party_after(f"import {module}") - MAY_LOAD[module]
    assert_none([f"import {module} loads {name}" for name in sorted(extra)], LATER)


def test_the_formulas_need_no_package_at_all() -> None:
    modules = [name for name in sources() if unit(name) == "formulas"]
    extra = third_party_after("import " + ", ".join(modules))
    assert_none([f"fallline.formulas loads {name}" for name in sorted(extra)], LATER)


def test_help_loads_click_only() -> None:
    code = "sys.argv = ['fallline', '--help']; from fallline.cli.main import main; main()"
    extra = third_party_after(code) - {"click"}
    assert_none([f"fallline --help loads {name}" for name in sorted(extra)], LATER)
