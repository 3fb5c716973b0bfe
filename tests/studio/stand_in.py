"""A session that only pretends: it answers commands and counts steps, for tests of what serves it.

``python tests/studio/stand_in.py`` serves it, to look at the page with it.
"""

import math
import threading
from concurrent.futures import Future
from contextlib import suppress

import numpy as np

from fallline.errors import SpecError
from fallline.studio.message import Message

HELLO = {
    "version": "0", "samples": [], "activations": [], "losses": [], "initializers": [],
    "optimizers": [], "schedules": [], "lessons": [],
    "limits": {"upload_bytes": 1 << 20, "layers": 4, "units": 64, "rows": 10_000},
}  # fmt: skip


class StandIn:
    """What `fallline.studio.session.Session` looks like from the web."""

    def __init__(self):
        self.viewers = []
        self.commands = []
        self.closed = False
        self.step = 0
        self.waiting = []  # futures of commands that are never done

    def do(self, command, viewer=None):
        self.commands.append(dict(command))
        outcome = Future()
        if command["do"] == "break":
            outcome.set_exception(RuntimeError("/secret/path: a defect"))
        elif command["do"] == "wait":
            self.waiting.append(outcome)
        elif command["do"] == "step":
            self.step += 1
            self.tell()
            outcome.set_result({})
        elif command["do"] in ("play", "pause"):
            outcome.set_result({})
        else:
            outcome.set_exception(SpecError(f"there is no command '{command['do']}'"))
        return outcome

    def join(self, viewer):
        self.viewers.append(viewer)
        viewer.offer(Message("hello", HELLO))
        viewer.offer(self.frame())

    def leave(self, viewer):
        self.viewers.remove(viewer)

    def frame(self):
        error = math.exp(-self.step / 50)
        fields = {"run": 1, "step": self.step, "error": error, "curves": [{"step": self.step}]}
        return Message("frame", fields, {"theta": np.arange(3) + self.step})

    def tell(self, size=0):
        frame = self.frame()
        if size:
            frame = Message("frame", frame.fields, {"theta": np.zeros(size)})
        for viewer in list(self.viewers):
            viewer.offer(frame)

    def own(self, source):
        outcome = Future()
        outcome.set_result({"columns": source.columns()})
        return outcome

    def export_code(self):
        return "import fallline as fl\n"

    def export_model(self):
        raise SpecError("nothing was learnt yet; take a step first")

    def export_report(self):
        raise RuntimeError("/secret/path: a defect")

    def close(self):
        self.closed = True


if __name__ == "__main__":
    from fallline.studio.server import Server

    with Server() as server:
        server.serve(StandIn())
        print(server.link(), flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
