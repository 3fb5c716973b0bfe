"""The C++ core by itself: its test program under sanitizers, and what its object files hold."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

CPP = Path(__file__).parents[2] / "cpp"
X86 = platform.machine() in ("x86_64", "AMD64")
COMPILER = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++") or "c++"
WATCHED = ["-O1", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
KERNELS = ("kernel.cpp", "kernel_elements.cpp")
OPTIMIZED = ["-O2", "-fno-math-errno", "-fno-trapping-math", "-fno-exceptions"]  # as in CMakeLists

in_ci = pytest.mark.skipif(
    not os.environ.get("CI"), reason="compiles for a minute or two: CI=true python -m pytest ..."
)


def levels() -> list[str]:
    """Return what to compile for: the shortest vectors, and the longest of this machine."""
    if not X86:
        return [""]
    found = Path("/proc/cpuinfo")
    flags = found.read_text().split() if found.exists() else []
    longest = "v4" if "avx512bw" in flags else "v3" if "avx2" in flags else "v2"
    tiles = " -DFALLLINE_TILES" if "amx_bf16" in flags else ""
    return sorted({"-march=x86-64-v2", f"-march=x86-64-{longest}{tiles}"})


def compile_kernels(level: str, flags: list[str], folder: Path) -> list[str]:
    """Return the object files of one instruction set."""
    names = ["-DFALLLINE_NS=fallline_generic", '-DFALLLINE_NAME="generic"', f"-I{CPP}"]
    command = [COMPILER, "-std=c++20", "-c", *flags, *level.split(), *names]
    for source in KERNELS:
        subprocess.run([*command, str(CPP / source), "-o", str(folder / f"{source}.o")], check=True)
    return [str(folder / f"{source}.o") for source in KERNELS]


@in_ci
@pytest.mark.parametrize("level", levels())
def test_random_networks_under_sanitizers(level: str, tmp_path: Path) -> None:
    kernels = compile_kernels(level, [*WATCHED, *OPTIMIZED[1:]], tmp_path)
    sources = [path for path in CPP.glob("*.cpp") if path.name not in ("bindings.cpp", *KERNELS)]
    program = tmp_path / "fuzz"
    subprocess.run(
        [
            COMPILER, "-std=c++20", *WATCHED, *level.split(), f"-I{CPP}", *map(str, sources),
            str(CPP / "tests" / "fuzz.cpp"), *kernels, "-pthread",
            "-o", str(program),
        ],
        check=True,
    )  # fmt: skip
    done = subprocess.run([str(program), "150"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "sound" in done.stdout


@in_ci
@pytest.mark.parametrize("level", levels())
def test_kernels_share_no_function_with_other_instruction_sets(level: str, tmp_path: Path) -> None:
    """The linker keeps one of several: code for AVX-512 must not be taken by older processors."""
    kernels = compile_kernels(level, OPTIMIZED, tmp_path)
    listed = subprocess.run(
        ["nm", "--demangle", *kernels], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    lines = [line for line in listed if len(line) > 17]  # others stand between the files
    shared = [line.split(maxsplit=2)[2] for line in lines if line[17] in "WVu"]
    assert shared, "nm lists no inline function: does the test read it right?"
    assert not [name for name in shared if "fallline_generic::" not in name]
