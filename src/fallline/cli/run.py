"""Running a command: every way it can end becomes one message and an exit code."""

from __future__ import annotations

import os
import re
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from ..errors import FalllineError, FalllineWarning, InterruptWarning
from .interrupts import interrupts
from .option import place
from .text import clean, in_options

__all__ = ["guarded"]

_BROKEN_PIPE = 141  # 128 + SIGPIPE, as the shell reports it for other tools
_SAME_WARNINGS = 2


def guarded(group: click.Group, arguments: Sequence[str]) -> int:
    """Run the command line; return its exit code."""
    debug = "--debug" in arguments
    _tolerant_streams()
    with interrupts() as came, _warnings_as_lines(debug):
        try:
            _invoke(group, list(arguments), came)
            if sys.stdout is not None:
                sys.stdout.flush()
            return came.code
        except click.exceptions.Exit as end:
            return end.exit_code
        except BrokenPipeError:
            _close_stdout()
            return _BROKEN_PIPE
        except KeyboardInterrupt as error:
            _say(str(error) or came.message)
            return came.code or 130
        except Exception as error:
            if debug:
                traceback.print_exc()
            code, message = _verdict(error)
            _say(message)
            if isinstance(error, OSError):
                _close_stdout()  # it may be what failed
            return code


def _invoke(group: click.Group, arguments: list[str], came: Any) -> None:
    _complete(group)
    with group.make_context("fallline", arguments, obj=came) as context:
        group.invoke(context)


def _complete(group: click.Group) -> None:
    """Answer the shell's request for completion, if this is one."""
    instruction = os.environ.get("_FALLLINE_COMPLETE")
    if instruction:
        from click.shell_completion import shell_complete

        raise click.exceptions.Exit(
            shell_complete(group, {}, "fallline", "_FALLLINE_COMPLETE", instruction)
        )


def _verdict(error: Exception) -> tuple[int, str]:
    """Return the exit code and the message of an error."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return 2, error.format_message()
    if isinstance(error, click.UsageError):
        return 2, f"error: {_usage(error)}"
    if isinstance(error, click.ClickException):
        return 2, f"error: {error.format_message()}"
    if isinstance(error, FalllineError):
        return 2, f"error: {in_options(str(error))}"
    if isinstance(error, OSError):
        named = f"'{error.filename}': " if error.filename else ""
        reason = error.strerror or str(error)
        return 2, f"error: cannot read or write {named}{reason}; nothing was half-written"
    if isinstance(error, MemoryError):
        return 2, "error: there is not enough memory for this; take fewer rows or columns"
    told = f"{type(error).__name__}: {error}"
    return (
        1,
        f"error: this is a defect of fallline; please report it, with what --debug shows: {told}",
    )


def _usage(error: click.UsageError) -> str:
    bad = isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter)
    param = getattr(error, "param", None)
    if bad and param is not None:
        return f"{place(error.ctx, param)} {error.message}"
    text = error.format_message()
    text = re.sub(r"\. \((?:Possible options|Did you mean one of): (.*?)\??\)", r"; near: \1", text)
    text = re.sub(r"\. Did you mean", "; did you mean", text)
    if text[1:2].islower():
        text = text[0].lower() + text[1:]
    path = "fallline" if error.ctx is None else error.ctx.command_path
    return f"{text.rstrip('.')} (see {path} --help)"


def _say(message: str) -> None:
    print(clean(message, keep="\n"), file=sys.stderr)


@contextmanager
def _warnings_as_lines(debug: bool) -> Iterator[None]:
    """Show fallline's own warnings as lines on stderr, a few of each kind; hide all others."""
    seen: Counter[str] = Counter()

    def show(message: Warning | str, category: type[Warning], *more: Any, **named: Any) -> None:
        seen[category.__name__] += 1
        if issubclass(category, InterruptWarning):
            return  # the commands say what was kept
        if seen[category.__name__] <= _SAME_WARNINGS or debug:
            _say(f"warning: {in_options(str(message))}")

    with warnings.catch_warnings():
        if not debug:
            warnings.simplefilter("ignore")
        warnings.simplefilter("always", FalllineWarning)
        warnings.showwarning = show
        yield


def _tolerant_streams() -> None:
    """Let a terminal that lacks a letter show another one instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _close_stdout() -> None:
    """Keep Python from complaining at its exit that nobody reads."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
    except (AttributeError, OSError, ValueError):
        pass
