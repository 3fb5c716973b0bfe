"""The process of one contestant: it reads a request a line and answers each with a line of JSON.

The first request names a class and its arguments; all others call a method of the object made.
How many threads it may use is settled before anything is imported, by the environment and by the
processors that it may run on, which also binds libraries that no setting reaches.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any

THREADS = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB", "NUMEXPR")


def hold_to(threads: int) -> None:
    """Let this process use so many threads and processors, the last of those that it has."""
    for library in THREADS:
        suffix = "MAXIMUM_THREADS" if library == "VECLIB" else "NUM_THREADS"
        os.environ[f"{library}_{suffix}"] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def made(request: dict[str, Any]) -> tuple[Any, dict[str, float]]:
    """Return the object asked for, and the seconds that importing and making it took."""
    begun = time.perf_counter()
    module, name = request["make"].split(":")
    maker = getattr(importlib.import_module(module), name)
    imported = time.perf_counter()
    made = maker(**request["arguments"])
    return made, {"import": imported - begun, "make": time.perf_counter() - imported}


def main() -> None:
    """Answer requests until there are no more."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not end up among the replies
    hold_to(int(sys.argv[1]))
    subject: Any = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "make" in request:
                subject, result = made(request)
            else:
                result = getattr(subject, request["call"])(**request["arguments"])
            reply: dict[str, Any] = {"result": result}
        except Exception as error:
            traceback.print_exc()
            reply = {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main()
