"""What a measurement was made on, and which interpreters have which peers."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .notes import note
from .peers import PEERS

DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def facts(peers: dict[str, str], rounds: int) -> dict[str, Any]:
    """Return the machine and the versions of all that takes part."""
    processors = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))(0)
    return {
        "date": date.today().isoformat(),
        "processor": processor(),
        "processors": len(processors),
        "instruction_set": instruction_set(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_start": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "rounds": rounds,
        "versions": versions(peers),
    }


def processor() -> str:
    """Return the name of the processor."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def instruction_set() -> str | None:
    """Return the level that the core found, or None without a core."""
    try:
        return str(importlib.import_module("fallline._core").instruction_set())
    except ImportError:
        return None


def versions(peers: dict[str, str]) -> dict[str, str]:
    """Return the versions of Python, fallline and the peers."""
    import fallline

    found = {"Python": platform.python_version(), "fallline": fallline.__version__}
    for name, python in peers.items():
        package = PEERS[name].package
        distribution = DISTRIBUTIONS.get(package, package)
        code = f"from importlib.metadata import version; print(version({distribution!r}))"
        run = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
        found[distribution] = run.stdout.strip()
    if "jax" not in found and find_spec("jax"):  # which the xla engine needs
        found["jax"] = version("jax")
    return found


def interpreters(names: Iterable[str], pythons: Sequence[str]) -> dict[str, str]:
    """Return for each peer the first interpreter that has its package; note who is left out."""
    found = {}
    for name in names:
        package = PEERS[name].package
        python = next((p for p in (sys.executable, *pythons) if has(p, package)), None)
        if python:
            found[name] = python
        else:
            note(f"left out: {PEERS[name].title}: no {package} here")
    return found


def has(python: str, package: str) -> bool:
    """Return whether an interpreter can find a package."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({package!r}) is None)"
    return subprocess.run([python, "-c", code]).returncode == 0


def engines() -> list[str]:
    """Return the engines of this fallline that can be had; note who is left out."""
    from fallline.engines.registry import ENGINES, get_engine
    from fallline.errors import FalllineError

    found = []
    for name in ("native", "xla", "reference"):
        try:
            if name not in ENGINES:
                raise ImportError("this fallline has no such engine")
            get_engine(name)
            found.append(name)
        except (ImportError, FalllineError) as reason:
            note(f"left out: engine {name}: {reason}")
    return found
