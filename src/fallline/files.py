"""Writing files whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from .errors import DataError

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows, where what a killed writer left stays
    flock = None  # type: ignore[assignment]

__all__ = ["check_writable", "whole_file"]

_LEFT = 60.0  # seconds that a temporary file without its writer is let be
_ASKING = Lock()


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary name in the folder of `path`; rename it to `path` when all went well.

    Killed at any moment, the old file is whole or the new one is. After an error the old file
    stands and the temporary one is gone; what a killed writer left is cleared by the next one,
    after a minute. Of a symbolic link, the file that it points to is written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "a.txt") as temporary:
    ...         _ = temporary.write_text("done")
    ...     (Path(folder) / "a.txt").read_text()
    'done'
    """
    check_writable(path)
    target = Path(os.path.realpath(path))
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    _clear(target)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    temporary = Path(name)
    try:
        with _kept(handle):
            yield temporary
            os.chmod(temporary, mode)
            with open(temporary, "rb+") as written:
                os.fsync(written.fileno())
            os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)


@contextmanager
def _kept(handle: int) -> Iterator[None]:
    """Hold a lock on an open file within, which ends with this process if not before; close it."""
    if flock is None:
        os.close(handle)  # an open file cannot be renamed there
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            flock(handle, LOCK_EX | LOCK_NB)
        yield
    finally:
        os.close(handle)


def _clear(target: Path) -> None:
    """Remove temporary files of `target` whose writers were killed."""
    left = re.compile(re.escape(f".{target.name}.") + r"\w{8}\.part")
    for name in os.listdir(target.parent) if flock is not None else ():
        if left.fullmatch(name):
            _remove_if_left(target.parent / name)


def _remove_if_left(part: Path) -> None:
    """Remove a temporary file that is old, and that no living writer holds the lock of."""
    try:
        if time.time() - part.stat().st_mtime < _LEFT:
            return
        with open(part, "rb+") as found:
            flock(found.fileno(), LOCK_EX | LOCK_NB)
            part.unlink()
    except OSError:  # it is being written, or is gone, or is another's
        return


def check_writable(path: str | Path) -> Path:
    """Return `path` if a file can be written there, so that no work is lost at its end.

    Raises
    ------
    DataError
        When its folder is missing or not writable, or it is a folder, a device or a pipe.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise DataError(f"cannot write to '{path}': it is a folder; name a file in it")
    _refuse_special(target)
    if not target.parent.is_dir():
        raise DataError(
            f"cannot write '{path}': the folder '{target.parent}' does not exist; make it first"
        )
    writable = os.access(target if target.exists() else target.parent, os.W_OK)
    if not (writable and os.access(target.parent, os.W_OK)):
        raise DataError(f"cannot write '{path}': permission is denied; choose another place")
    return Path(path)


def _refuse_special(target: Path) -> None:
    """Raise a DataError for a device or a pipe: a renaming would put a file in its place."""
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise DataError(f"cannot write to '{target}': it is a device or a pipe; name a file")


def _umask() -> int:
    with _ASKING:  # two threads at once would leave the process with 0
        current = os.umask(0)
        os.umask(current)
    return current


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
