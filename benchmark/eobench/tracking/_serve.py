"""The tracking process: MLflow's import, its threads and its database stay out of the process that runs cells.

It reads requests (a JSON object a line) from its standard input and answers each with a line. When the input ends,
the run was killed or is over, and it ends at once, whatever it does.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from eobench.tracking._session import Opening, Session


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what MLflow prints is no answer
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin, requests), daemon=True).start()
    session: Session | None = None
    while True:
        request = requests.get()
        try:
            if request["do"] == "open":
                session = Session(Opening(**request["opening"]))
                answer: Mapping[str, Any] = {"parent": session.parent}
            else:
                answer = _do(session, request)
        except Exception as error:
            answer = {"error": str(error) or type(error).__name__, "kind": type(error).__name__}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _do(session: Session | None, request: Mapping[str, Any]) -> Mapping[str, Any]:
    if session is None:
        raise RuntimeError("no parent run is open")
    if request["do"] == "alive":
        return {"alive": session.alive()}
    if request["do"] == "close":
        session.close(request["status"])
    else:
        folder = request["artifacts"]
        session.send(
            request["row"],
            request["curves"],
            None if folder is None else Path(folder),
            cached=request["cached"],
        )
    return {}


def _read(source: TextIO, requests: queue.SimpleQueue[dict[str, Any]]) -> None:
    for line in source:
        requests.put(json.loads(line))
    os._exit(0)


if __name__ == "__main__":
    main()
