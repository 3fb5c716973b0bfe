"""The C++ core by itself: its test program under sanitizers, and what its object files hold."""

import os
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

CPP = Path(__file__).parents[2] / "cpp"
X86 = platform.machine() in ("x86_64", "AMD64")
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++") or "c++"
GCC = "clang" not in COMPILER
WATCHED = ("-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
# What would tell of wild pointers before they are used takes as long to compile as all else, and
# the address sanitizer tells when they are; the slow test has it too.
MOSTLY_WATCHED = (
    *WATCHED,
    "-fno-sanitize=null,object-size,pointer-overflow",
    # Most accesses are checked by calls, which takes half as long to compile.
    *(("--param=asan-instrumentation-with-call-threshold=50",) if GCC else ()),
)
KERNELS = ("kernel.cpp", "kernel_elements.cpp")
AS_KERNELS = ["-fno-math-errno", "-fno-trapping-math", "-fno-exceptions"]  # as in CMakeLists

in_ci = pytest.mark.skipif(
    not os.environ.get("CI"), reason="compiles for a minute or two: CI=true python -m pytest ..."
)


def levels() -> dict[str, list[str]]:
    """Return what to compile for: the shortest vectors, and the longest of this machine."""
    if not X86:
        return {"generic": []}
    found = Path("/proc/cpuinfo")
    flags = found.read_text().split() if found.exists() else []
    longest = "v4" if "avx512bw" in flags else "v3" if "avx2" in flags else "v2"
    tiles = ["-DFALLLINE_TILES"] if "amx_bf16" in flags else []
    return {"v2": ["-march=x86-64-v2"], longest: [f"-march=x86-64-{longest}", *tiles]}


def built(folder: Path, watched: tuple[str, ...]) -> dict[str, list[Path]]:
    """Return the object files of the test program by level; those of no level made once."""
    known = (*KERNELS, "cpu.cpp", "bindings.cpp")
    shared = [path for path in CPP.glob("*.cpp") if path.name not in known]
    commands = {folder / f"{path.stem}.o": [str(path)] for path in shared}
    commands[folder / "fuzz.o"] = [str(CPP / "tests" / "fuzz.cpp")]
    objects = {level: list(commands) for level in levels()}
    for level, flags in levels().items():
        for name in (*KERNELS, "cpu.cpp"):
            names = ["-DFALLLINE_NS=fallline_generic", '-DFALLLINE_NAME="generic"']
            made = folder / f"{level}_{Path(name).stem}.o"
            own = [*AS_KERNELS, *names] if name in KERNELS else []
            commands = {made: [*flags, *own, str(CPP / name)], **commands}  # the longest first
            objects[level].append(made)

    def compile_one(made: Path) -> None:
        command = [COMPILER, "-std=c++20", "-c", *watched, f"-I{CPP}", *commands[made]]
        subprocess.run([*command, "-o", str(made)], check=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(compile_one, commands))
    return objects


@in_ci
def test_random_networks_under_sanitizers_and_no_function_shared(tmp_path: Path) -> None:
    check("60", MOSTLY_WATCHED, tmp_path)


@in_ci
@pytest.mark.slow
def test_many_more_random_networks_under_sanitizers(tmp_path: Path) -> None:
    check("500", WATCHED, tmp_path)


def check(rounds: str, watched: tuple[str, ...], tmp_path: Path) -> None:
    objects = built(tmp_path, watched)
    for level, files in objects.items():
        program = str(tmp_path / f"fuzz_{level}")
        link = [COMPILER, *watched, *map(str, files), "-pthread", "-o", program]
        subprocess.run(link, check=True)
        done = subprocess.run([program, rounds], capture_output=True, text=True)
        assert done.returncode == 0, f"{level}: {done.stderr}"
        assert "sound" in done.stdout
        kernels = [file for file in files if f"{level}_kernel" in file.name]
        assert not (foreign := shared_with_others(kernels)), f"{level}: {foreign}"


def shared_with_others(kernels: list[Path]) -> list[str]:
    """Return the functions that are not of the kernels' namespace and might be taken by others.

    The linker keeps one of several: code for AVX-512 must not be taken by older processors.
    Compiled to be watched, fewer functions are inlined than by the package's flags: none is missed.
    """
    listed = subprocess.run(
        ["nm", "--demangle", *map(str, kernels)], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    lines = [line for line in listed if len(line) > 17]  # others stand between the files
    shared = [line.split(maxsplit=2)[2] for line in lines if line[17] in "WVu"]
    assert shared, "nm lists no inline function: does the test read it right?"
    return [name for name in shared if "fallline_generic::" not in name]
