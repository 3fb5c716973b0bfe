"""What the tests of the session share: small setups, and somebody who looks on."""

from __future__ import annotations

import threading
import time
from typing import Any

from fallline.descent import Run
from fallline.studio.message import Message
from fallline.studio.problem import Problem
from fallline.studio.session import Session
from fallline.studio.setup import Setup

SMALL: dict[str, Any] = {
    "data": "xor",
    "rows": 40,
    "net": "3 tanh",
    "batch_size": 5,
    "validation": 0.25,
    "test": 0.0,
    "optimizer": {"name": "sgd", "learning_rate": 0.2, "momentum": 0.5},
    "epochs": 2000,
}
PATIENCE = 60  # seconds that a test waits for what must come


def setup(**changes: Any) -> Setup:
    return Setup.from_json({**SMALL, **changes})


def bare(of: Setup) -> Run:
    """Return the run that a session on this setup moves."""
    problem = Problem.of(of)
    return Run(
        problem.network, problem.train, problem.train.Y, plan=problem.plan, theta=problem.start,
        X_val=problem.validation,
    )  # fmt: skip


class Onlooker:
    """A viewer that keeps all that it is offered."""

    def __init__(self, *show: str) -> None:
        self.show: frozenset[str] = frozenset(show)
        self.element: str | None = None
        self.row: int | None = None
        self.layer: str | None = None
        self.target: str | None = None
        self.messages: list[Message] = []
        self._news = threading.Condition()

    def offer(self, message: Message, slot: str | None = None) -> None:
        message.encoded()  # whatever is told can be sent
        with self._news:
            self.messages.append(message)
            self._news.notify_all()

    def of(self, kind: str) -> list[Message]:
        return [message for message in list(self.messages) if message.type == kind]

    def last(self, kind: str) -> Any:
        """Return the fields of the last message of a kind."""
        return self.of(kind)[-1].fields

    @property
    def frame(self) -> Any:
        return self.last("frame")

    def wait(self, until: Any) -> None:
        """Wait until something holds of what was offered."""
        with self._news:
            assert self._news.wait_for(lambda: until(self), PATIENCE), self.messages[-3:]


def do(session: Session, what: str, viewer: Onlooker | None = None, **fields: Any) -> Any:
    """Do what a page asks for; steps are awaited to their end, which may come after the reply."""
    reply = session.do({"do": what, **fields}, viewer).result(PATIENCE)
    if what == "step":
        wait_for(lambda: not session._steering.running)
        session._ask(lambda: None).result(PATIENCE)  # the frame that tells it was offered
    return reply


def watched(session: Session, *show: str) -> Onlooker:
    """Return somebody who looks on, at a descent that goes as fast as it can."""
    session.do({"do": "speed", "steps_per_second": None}).result(PATIENCE)
    viewer = Onlooker(*show)
    session.join(viewer)
    viewer.wait(lambda seen: seen.of("frame"))
    return viewer


def wait_for(condition: Any) -> None:
    """Wait until a condition holds that no message tells of."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
