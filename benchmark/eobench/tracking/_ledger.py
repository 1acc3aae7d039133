"""What of a run was already sent, and where: `tracked.jsonl` in the run's folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Ledger:
    """An append-only file of what one tracking server has; damaged lines are ignored.

    Losing it costs no more than cells that stand twice in MLflow, so lines are not synced.

    Args:
        path: of the file, made at the first line.
        uri: of the tracking server; lines of other servers are kept and ignored.
    """

    def __init__(self, path: Path, uri: str) -> None:
        self._path = path
        self._uri = uri
        self.cells: set[str] = set()
        self.open_parents: set[str] = set()
        try:
            data = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        for line in data.splitlines():
            self._learn(line)

    def cell(self, key: str) -> None:
        """Note that a cell was sent."""
        self.cells.add(key)
        self._append(cell=key)

    def parent(self, run: str, state: str) -> None:
        """Note that a parent run was opened or closed (`open`, `closed`)."""
        (self.open_parents.add if state == "open" else self.open_parents.discard)(run)
        self._append(parent=run, state=state)

    def _learn(self, line: str) -> None:
        try:
            thing = json.loads(line)
            if thing["uri"] != self._uri:
                return
            if "cell" in thing:
                self.cells.add(str(thing["cell"]))
            elif thing["state"] == "open":
                self.open_parents.add(str(thing["parent"]))
            else:
                self.open_parents.discard(str(thing["parent"]))
        except (ValueError, KeyError, TypeError):
            return

    def _append(self, **thing: Any) -> None:
        line = json.dumps({**thing, "uri": self._uri}, separators=(",", ":"))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b") as file:
            if file.tell():
                file.seek(-1, 2)
                torn = file.read(1) != b"\n"
                line = "\n" + line if torn else line
            file.write(line.encode() + b"\n")
