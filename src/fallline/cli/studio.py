"""``fallline studio``: a page where a person watches and steers the descent."""

from __future__ import annotations

import os
import re
import select
import shlex
import sys
import traceback
from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import click

from ..errors import DataError, SpecError
from . import options
from .interrupts import Interrupted
from .items import ITEMS, method_items, method_settings
from .option import option
from .reading import refuse_model
from .text import clean, count
from .values import Columns, File, Host, OneOf, Value, Whole, share

if TYPE_CHECKING:
    from ..studio.opened import Source
    from ..studio.server import Server
    from ..studio.session import Session
    from ..studio.setup import Setup

__all__ = ["command"]

# Those options of train that a page can show; what holds unless they are given is another here.
_TEXTS = {
    "net": 'Hidden layers: "4 tanh, 3 relu"; none for a linear model.',
    "loss": "The error that is descended; by the task unless given.",
    "optimizer": "How to step, with settings in brackets or as options; sgd unless given.",
    "learning_rate": "The size of a step.",
    "schedule": "How the learning rate changes; constant unless given.",
    "l2": "λ of the penalty ½λw² on weights; 0 unless given.",
    "l1": "λ of the penalty λ|w| on weights; 0 unless given.",
    "initializer": "How start weights are drawn; by the activations unless given.",
    "batch_size": "Rows of a step, or full.",
    "epochs": "Where the descent ends by itself.",
    "validation": "Share of the training rows held out, to see when to stop.",
    "test": "Share of the rows never used in training.",
    "seed": "Start of all that is drawn.",
}
_KINDS = {"validation": share()}


class CopiedLink(Value):
    """What a link of the page says after its #: settings, or a lesson."""

    name = "link"
    expected = "a link that the studio's page copied, with #s= or #lesson= in it"

    def read(self, value: Any) -> str:
        """Return the part from # on."""
        found = re.search(r"#(s|lesson)=[\w%.~-]+$", str(value), re.ASCII)
        if found is None:
            raise ValueError
        return found[0]


def _training_options(function: Any) -> Any:
    items = {item.name: item for item in ITEMS}
    ours = [
        replace(items[name], text=text, default=None, kind=_KINDS.get(name, items[name].kind))
        for name, text in _TEXTS.items()
    ]
    decorators = [item.option() for item in (*ours, *method_items())]
    return reduce(lambda done, add: add(done), reversed(decorators), function)


def _samples() -> Any:
    from ..data.samples import SAMPLES

    return SAMPLES


def _lessons() -> Any:
    from ..studio.lessons import LESSONS

    return LESSONS


@options.command(
    epilog="A lesson of the tour: fallline studio --lesson momentum. A class on its own machines: "
    "fallline studio --host 0.0.0.0 --browsers 30.",
)
@click.argument("model", type=File(), required=False, metavar="[MODEL]")
@click.argument("data", type=File(), required=False, metavar="[DATA]")
@options.reading_options
@option(
    "data",
    "--sample",
    type=OneOf(_samples, "NAME"),
    help="Show this sample instead: houses, or a made one such as moons, xor, spiral.",
)
@option(
    "columns",
    "-t",
    "--target",
    type=Columns(),
    multiple=True,
    help="The column to predict; several, or with commas, for a network with several outputs.",
)
@_training_options
@option("output", "--lesson", type=OneOf(_lessons, "NAME"), help="Open this lesson of the tour.")
@option(
    "output",
    "--at",
    type=CopiedLink(),
    metavar="LINK",
    help="Begin with the settings of a link that the page copied; its part from # on is enough.",
)
@option(
    "output",
    "--play/--no-play",
    default=None,
    help="Whether the descent starts by itself when the page is there; unless given it does, but "
    "for a model or a lesson.",
)
@option(
    "output",
    "--browser/--no-browser",
    default=True,
    help="Whether a browser is opened, or the link is only printed; it is opened unless given.",
)
@option(
    "output",
    "--browsers",
    type=Whole(1, 1000),
    default=1,
    show_default=True,
    help="How many browsers the printed link lets in.",
)
@option(
    "output",
    "--host",
    type=Host(),
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on. With another than this one, others on the network who have the "
    "link can steer, and what they see travels unencrypted.",
)
@option(
    "output",
    "--port",
    type=Whole(0, 65535),
    default=0,
    help="The port to listen on; one that is free unless given.",
)
def command(**given: Any) -> None:
    """Watch and steer a descent on a page in the browser.

    Without DATA it shows a sample; with DATA a table of your own (-t says what to predict, and can
    be chosen on the page); with MODEL and DATA a trained model, to look into and to go on with.

    The page is served by this process, to this machine alone, and asks nothing of any other. It
    opens by the printed link, once; Enter prints another link, and Ctrl-C ends the studio.
    """
    try:
        _serve(given)
    except KeyboardInterrupt:
        came = click.get_current_context().obj
        raise Interrupted(f"{came.word}: the studio has ended") from None


def _serve(given: Mapping[str, Any]) -> None:
    from ..studio.server import Server

    if given["lesson"] and given["at"]:
        raise SpecError("give --lesson or --at, not both")
    source, setup = _asked(given)
    with Server(given["host"], given["port"], tell=_tell, defect=_defect) as server:
        if source is None:  # a sample cannot fail: the browser starts while the session is made
            _introduce(server, given)
        server.serve(_session(setup, source, given))
        if source is not None:
            _introduce(server, given)
        while server.running:
            if _enter(server):
                _tell(f"Another link: {_link(server, given)}")


def _session(setup: Setup, source: Source | None, given: Mapping[str, Any]) -> Session:
    from ..studio.session import Session

    play = given["play"]
    if play is None:  # a person who comes is to see something move, but not a model change
        play = not (given["lesson"] or given["at"]) and (source is None or source.model is None)
    return Session(setup, source, lively=play)


def _asked(given: Mapping[str, Any]) -> tuple[Source | None, Setup]:
    """Return what is to be shown, and the setup that shows it first."""
    from ..studio.opened import first_setup
    from ..studio.setup import Setup

    settings = _settings(given)
    source = _source(given)
    if source is None:
        sample = {"data": given["sample"]} if given["sample"] else {}
        return None, Setup.from_json(sample | {"target": ", ".join(given["target"])} | settings)
    targets = options.resolve("target", given["target"], source.table.names)
    if source.model is not None and targets:
        raise SpecError("the model says what it predicts; leave --target out")
    return source, first_setup(source, ", ".join(targets), **settings)


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a setup that were given, as plain data."""
    settings = {name: given[name] for name in _TEXTS if given[name] is not None}
    rule = ("optimizer", "learning_rate")
    if any(given[name] is not None for name in (*rule, *method_settings())):
        settings["optimizer"] = options.method_of(given, settings, "sgd").to_json()
    return settings


def _source(given: Mapping[str, Any]) -> Source | None:
    """Return the table, or the model with its table; None for a sample."""
    from ..data.textfile import check_file
    from ..fall import looks_like_fall
    from ..studio.opened import Source

    first, second, read = given["model"], given["data"], options.reading(given)
    if given["sample"] is not None and first is not None:
        raise DataError("give DATA, or --sample, not both")
    if first is None:
        return None
    if looks_like_fall(first):
        if second is not None:
            refuse_model(second)
        return Source.of_model(first, second, read)
    if second is not None:
        check_file(first)
        turned = f"fallline studio {shlex.quote(second)} {shlex.quote(first)}"
        swapped = f"; write: {turned}" if looks_like_fall(second) else ""
        raise DataError(f"MODEL comes first and DATA second, but '{first}' is no model{swapped}")
    return Source.of_path(first, read)


def _introduce(server: Server, given: Mapping[str, Any]) -> None:
    from ..studio.browser import open_browser
    from ..studio.bundle import NO_PAGE, PAGE

    if not (PAGE / "index.html").is_file():
        click.echo(f"warning: {NO_PAGE}", err=True)
    if not server.address.is_local:
        click.echo(
            f"warning: the studio listens on {given['host']}: whoever has the link can steer, and "
            "what they see travels unencrypted; only on a network that you trust",
            err=True,
        )
    click.echo(f"The studio is at {_link(server, given)}")
    n = given["browsers"]
    enter = ", Enter prints another" if _has_keyboard() else ""
    click.echo(f"The link lets in {count(n, 'browser')}{enter}; Ctrl-C ends the studio.")
    if given["browser"] and open_browser(_link(server, given, 1)):
        click.echo("A browser is being opened.")


def _link(server: Server, given: Mapping[str, Any], uses: int | None = None) -> str:
    lesson = f"#lesson={given['lesson']}" if given["lesson"] else ""
    return server.link(uses or given["browsers"]) + (given["at"] or lesson)


def _has_keyboard() -> bool:
    """Return whether someone can press Enter, and this process would be told."""
    try:
        return sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # no stdin, or no such thing on this system
        return False


def _enter(server: Server) -> bool:
    """Wait for a second, and return whether Enter was pressed in it."""
    if not _has_keyboard():
        server.wait(1.0)
        return False
    ready, _, _ = select.select([sys.stdin], [], [], 1.0)
    if ready and sys.stdin.readline():
        return True
    if ready:  # Ctrl-D: there will be nothing more
        server.wait(1.0)
    return False


def _tell(line: str) -> None:
    click.echo(clean(line))


def _defect(error: BaseException) -> None:
    told = "".join(traceback.format_exception(error))
    click.echo(
        f"this is a defect of fallline; please report it, with these lines:\n{told}", err=True
    )
