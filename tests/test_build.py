"""The package as installed: the C++ core when there is one, and the install without a compiler."""

import ast
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fallline

ROOT = Path(__file__).parents[1]
LEVELS = {"x86-64-v2", "x86-64-v3", "x86-64-v4", "aarch64", "generic"}

needs_core = pytest.mark.skipif(
    importlib.util.find_spec("fallline._core") is None and not os.environ.get("CI"),
    reason="fallline was installed without its C++ core; to see why: pip install -v -e '.[dev]'",
)


def test_the_installed_version_is_that_of_the_source() -> None:
    assert importlib.metadata.version("fallline") == fallline.__version__, (
        "the version was changed after the install: pip install -e '.[dev]'"
    )


@needs_core  # where CI is set the core must be there: then this fails instead of being skipped
def test_the_core_was_built_from_this_version() -> None:
    from fallline import _core

    assert _core.version() == fallline.__version__, (
        "the core is from another version: pip install -e '.[dev]'"
    )


@needs_core
def test_the_core_names_the_instruction_set() -> None:
    from fallline import _core

    assert _core.instruction_set() in LEVELS


@needs_core
def test_the_stub_of_the_core_lists_what_is_in_it() -> None:
    from fallline import _core

    stub = ast.parse((Path(fallline.__file__).parent / "_core.pyi").read_text("utf-8"))
    named = (ast.FunctionDef, ast.ClassDef)
    listed = {node.name for node in stub.body if isinstance(node, named)}
    assert listed == {name for name in dir(_core) if not name.startswith("_")}


@pytest.fixture(scope="module")
def without_core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the working tree into a folder, with a compiler that always fails."""
    folder = tmp_path_factory.mktemp("without_core")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--target", str(folder)]
    run = subprocess.run(
        [*command, *options, str(ROOT)],
        env={**os.environ, "CXX": "/bin/false"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_without_a_compiler_a_pure_python_package_is_installed(without_core: Path) -> None:
    info = without_core / f"fallline-{fallline.__version__}.dist-info"
    assert "Tag: py3-none-any\n" in (info / "WHEEL").read_text("utf-8")


def test_what_is_installed_is_the_package_and_its_data(without_core: Path) -> None:
    def files(package: Path) -> set[str]:
        found = [path.relative_to(package) for path in package.rglob("*") if path.is_file()]
        return {  # but what is compiled, also while another process is writing it
            path.as_posix()
            for path in found
            if path.suffix not in {".so", ".pyd"} and "__pycache__" not in path.parts
        }

    installed = files(without_core / "fallline")
    assert installed == files(ROOT / "src" / "fallline")
    assert {"py.typed", "__init__.pyi", "_core.pyi"} <= installed
    assert any(name.endswith("houses.csv") for name in installed)
    assert not (without_core / "tests").exists()


def test_without_the_core_fallline_computes(without_core: Path) -> None:
    script = """
import importlib.util, sys
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in type(f).__module__]
import fallline as fl
assert importlib.util.find_spec("fallline._core") is None
net = fl.Network.parse("2 -> 2 sigmoid -> 1 identity")
theta = net.initial("glorot_uniform", seed=0)
error, gradient = fl.error_and_gradient(net, theta, [[1.0, 2.0]], [[1.0]], loss="sse")
assert error >= 0 and gradient.shape == (9,)
print(fl.__file__)
"""
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(without_core)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(str(without_core))
