"""What a page says, read with care, and done: every command, one function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SpecError, suggest
from .painter import VIEWS

if TYPE_CHECKING:
    from .message import Viewer
    from .painter import Painter
    from .steering import Steering

__all__ = ["ORDERS", "SILENT", "obey"]

_SLOWEST, _FASTEST = 0.01, 1e9  # steps a second that may be asked for
_LONGEST = 500  # letters of a name

Command = Mapping[str, Any]
Order = Callable[["Steering", Command], None]

ORDERS: dict[str, Order] = {
    "play": lambda helm, _: helm.play(),
    "pause": lambda helm, _: helm.halt(),
    "step": lambda helm, say: helm.step(_choice(say, "of", ("example", "batch", "epoch"))),
    "back": lambda helm, say: helm.back(_choice(say, "of", ("step", "epoch"))),
    "seek": lambda helm, say: helm.seek(_whole(say, "step", 0, 2**53)),
    "best": lambda helm, _: helm.best(),
    "restart": lambda helm, _: helm.restart(),
    "reseed": lambda helm, _: helm.reseed(),
    "place": lambda helm, say: helm.place(_number(say, "x"), _number(say, "y")),
    "speed": lambda helm, say: helm.pace.ask(_speed(say)),
    "setup": lambda helm, say: helm.begin(helm.course.setup.changed(say.get("changes"))),
    "change": lambda helm, say: helm.change(say.get("changes")),
    "surface": lambda helm, say: helm.look_along(say.get("along"), say.get("span")),
    "race": lambda helm, say: helm.race(say.get("entries")),
    "lesson": lambda helm, say: helm.lesson(_name(say, "name")),
}
"""The commands that a frame follows."""

SILENT = ("columns", "views", "watch")
"""Those that no frame follows: they change what one tab sees, not where the descent is."""


def obey(
    steering: Steering, painter: Painter, command: Command, viewer: Viewer | None
) -> dict[str, Any]:
    """Do what a page asks for; return the fields of the reply.

    Raises
    ------
    FalllineError
        With a sentence, where it cannot be done.
    """
    if not isinstance(command, Mapping):
        raise SpecError(f"a command must be an object, not {_short(command)}")
    name = command.get("do")
    if isinstance(name, str) and name in ORDERS:
        ORDERS[name](steering, command)
    elif name == "columns":
        return {"columns": steering.columns()}
    elif name == "views":
        _views(command, viewer, painter)
    elif name == "watch":
        _watch(command, viewer, painter, steering.course.problem.train.n)
    else:
        known = suggest(name, [*ORDERS, *SILENT])
        raise SpecError(f"there is no command {_short(name)}; {known}")
    return {}


def _views(command: Command, viewer: Viewer | None, painter: Painter) -> None:
    """Note what a tab can see."""
    show = command.get("show")
    if not isinstance(show, list) or not all(each in VIEWS for each in show):
        raise SpecError(f"show must be a list of {', '.join(VIEWS)}, not {_short(show)}")
    layer, target = _name(command, "layer"), _name(command, "target")
    if viewer is not None:
        viewer.show, viewer.layer, viewer.target = frozenset(show), layer, target
        painter.look(viewer)


def _watch(command: Command, viewer: Viewer | None, painter: Painter, rows: int) -> None:
    """Note which weight, bias or unit a tab has in focus, and on which training row."""
    element = _name(command, "element")
    row = None if command.get("row") is None else _whole(command, "row", 0, rows - 1)
    if viewer is not None:
        viewer.element, viewer.row = element, row
        painter.look(viewer)


def _speed(command: Command) -> float | None:
    if command.get("steps_per_second") is None:
        return None
    speed = _number(command, "steps_per_second")
    if not _SLOWEST <= speed <= _FASTEST:
        raise SpecError(
            f"steps_per_second must be from {_SLOWEST:g} to {_FASTEST:g}, or null for as fast as "
            f"can be, not {speed:g}"
        )
    return speed


def _name(command: Command, field: str) -> str | None:
    value = command.get(field)
    if value is not None and not (isinstance(value, str) and len(value) <= _LONGEST):
        raise SpecError(f"'{field}' must be a name or null, not {_short(value)}")
    return value


def _choice(command: Command, field: str, among: tuple[str, ...]) -> str:
    value = command.get(field)
    if not isinstance(value, str) or value not in among:
        raise SpecError(f"'{field}' must be {' or '.join(among)}, not {_short(value)}")
    return value


def _number(command: Command, field: str) -> float:
    value: Any = command.get(field)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
        return float(value)
    raise SpecError(f"'{field}' must be a finite number, not {_short(value)}")


def _whole(command: Command, field: str, least: int, most: int) -> int:
    value: Any = command.get(field)
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise SpecError(f"'{field}' must be a whole number from {least} to {most}, not {_short(value)}")


def _short(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number beyond all bounds"
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."
