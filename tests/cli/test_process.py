"""The command line as a process: what it loads, pipes, terminals, a missing click."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

QUICK = ["--epochs", "3", "--l2", "0.01"]
TRAIN = ["train", "houses.csv", "-t", "price", *QUICK]
MAIN = "from fallline.cli.main import main; main()"
ESCAPE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def process(*arguments, script=MAIN, **named):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **named)


def loaded_after(*arguments):
    script = (
        "import sys\nfrom fallline.cli.main import run\nassert run(sys.argv[1:]) == 0\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    ended = process(*arguments, script=script)
    assert ended.returncode == 0, ended.stderr
    return set(ended.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["train", "--help"]])
def test_help_and_version_load_click_alone(arguments):
    strangers = loaded_after(*arguments) - set(sys.stdlib_module_names) - {"fallline", "click"}
    assert {name for name in strangers if not name.startswith("_")} == set()


def test_predicting_loads_no_scikit_learn_pandas_or_scipy(fall, cars):
    loaded = loaded_after("predict", cars, "cars.csv", "-o", "out.csv")
    assert loaded & {"sklearn", "pandas", "scipy", "polars", "rich"} == set()


def test_json_needs_no_rich(fall, cars):
    assert "rich" not in loaded_after("info", cars, "--json")


@pytest.mark.parametrize(("missing", "extra"), [("click", "the command line"), ("rich", "rich")])
def test_a_missing_package_is_one_line_with_the_pip_command(folder, missing, extra):
    script = f"import sys; sys.modules[{missing!r}] = None; {MAIN}"
    ended = process(*TRAIN, script=script)
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1
    assert "pip install 'fallline[cli]'" in ended.stderr and extra in ended.stderr
    assert not Path("houses.fall").exists()


def test_a_broken_pipe_is_quiet(fall, cars, folder):
    head, *lines = Path("cars.csv").read_text().splitlines(keepends=True)
    Path("long.csv").write_text(head + "".join(lines) * 200)
    command = [sys.executable, "-c", MAIN, "predict", cars, "long.csv", "--keep", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None and running.stderr is not None
        assert running.stdout.readline().startswith(b"wheels,")
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


def test_results_go_to_stdout_and_progress_to_stderr_without_escapes(folder):
    script = f"from fallline.cli import progress; progress._SECONDS = 0\n{MAIN}"
    ended = process(*TRAIN, script=script)
    assert ended.returncode == 0
    assert "\x1b" not in ended.stdout + ended.stderr
    assert "Scores on 24 test rows" in ended.stdout and "training: " not in ended.stdout
    lines = ended.stderr.splitlines()
    assert len(lines) == 3 and all(line.startswith("training: ") for line in lines)


def test_an_old_terminal_that_lacks_letters_is_served(folder):
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = process("train", "houses.csv", "-t", "price", "--epochs", 2, env=env)
    assert ended.returncode == 0, ended.stderr


def on_a_terminal(arguments, columns, script=MAIN, **env):
    """Run on a pseudo terminal; return the exit code and everything that was written."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    given = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
    given |= {"TERM": "xterm-256color"} | env
    command = [sys.executable, "-c", script, *map(str, arguments)]
    running = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=given)
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        written += part
    os.close(ours)
    return running.wait(), written.decode()


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_a_bar_is_drawn_and_nothing_is_wider_than_it(folder, columns):
    code, written = on_a_terminal([*TRAIN[:-4], "--epochs", 4], columns)
    assert code == 0 and "\x1b[" in written
    assert "choosing" in written and "fold 5 of 5" in written and "/60" in written
    plain = ESCAPE.sub("", written)
    lines = [line for part in plain.split("\n") for line in part.split("\r")]
    assert max(map(len, lines)) <= columns
    assert "Scores on 24 test rows" in plain


def test_a_bar_shows_how_each_stage_ended_however_short_it_was(folder):
    still = "Progress.__init__.__kwdefaults__['auto_refresh'] = False"  # no clock paints it
    script = f"from rich.progress import Progress; {still}; {MAIN}"
    code, written = on_a_terminal([*TRAIN[:-4], "--epochs", 4], 80, script)
    plain = ESCAPE.sub("", written)
    assert code == 0 and "60/60" in plain and "fold 5 of 5" in plain and "4/4" in plain


def test_no_color_is_honoured(folder):
    code, written = on_a_terminal(TRAIN, 80, NO_COLOR="1")
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", written) for code in found.split(";")}
    assert code == 0
    assert not codes & {str(n) for n in (*range(30, 48), *range(90, 108))}


def test_a_dumb_terminal_gets_no_bar(folder):
    code, written = on_a_terminal(TRAIN, 80, TERM="dumb")
    assert code == 0 and "\x1b[2K" not in written and "━" not in written
