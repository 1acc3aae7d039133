"""Ctrl-C once: finish the cells in flight. Twice, or SIGTERM: stop now."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interrupt:
    """Counts interrupts while it is entered; only flags are set, so nothing can deadlock in a handler.

    Outside the main thread, where no handler can be set, it never fires.
    """

    def __init__(self) -> None:
        self.level = 0
        self._previous: dict[int, Any] = {}

    @property
    def stopping(self) -> bool:
        """No more cells are to be begun."""
        return self.level >= 1

    @property
    def now(self) -> bool:
        """Cells in flight are to be killed."""
        return self.level >= 2

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            for number, handler in ((signal.SIGINT, self._interrupt), (signal.SIGTERM, self._terminate)):
                self._previous[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.level += 1

    def _terminate(self, _number: int, _frame: FrameType | None) -> None:
        self.level = 2
