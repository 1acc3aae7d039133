"""How the probes of `eobench doctor` are run: none can end, delay or silence the others."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

State = Literal["ok", "warning", "problem"]
SECONDS = 90.0  # after which a probe is given up; its own child processes have less


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        subject: what was looked at.
        state: `problem`: something will not work; `warning`: it works, but not as one might think.
        text: what was found.
        advice: what to do; empty where there is nothing to do.
    """

    subject: str
    state: State
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What is looked at.

    Attributes:
        data: the data root that was named, there or not.
        cache: the cache folder, there or not.
        plugins: further plugin modules.
    """

    data: Path | None
    cache: Path
    plugins: tuple[str, ...] = ()


Probe = Callable[[World], Iterable[Finding]]


def examine(world: World, probes: Mapping[str, Probe], seconds: float = SECONDS) -> dict[str, list[Finding]]:
    """Run all probes at once, each in a thread of its own; return what each found, in the order of the probes.

    A probe that raises, or does not end in time, is a finding itself.
    """
    answers: queue.Queue[tuple[str, list[Finding]]] = queue.Queue()

    def ask(name: str, probe: Probe) -> None:
        found: list[Finding] = []
        try:
            for finding in probe(world):
                found.append(finding)  # noqa: PERF402  what was found before an error counts
        except BaseException as error:
            found.append(_failed(_title(name), error))
        answers.put((name, found))

    for name, probe in probes.items():
        threading.Thread(target=ask, args=(name, probe), daemon=True).start()
    done: dict[str, list[Finding]] = {}
    end = time.monotonic() + seconds
    while len(done) < len(probes):
        try:
            name, found = answers.get(timeout=max(end - time.monotonic(), 0.0))
        except queue.Empty:
            break
        done[name] = found
    return {name: done[name] if name in done else [_late(_title(name), seconds)] for name in probes}


def _title(name: str) -> str:
    return name.rpartition("/")[2]


def _failed(name: str, error: BaseException) -> Finding:
    text = " ".join(str(error).split())
    said = f"{type(error).__name__}: {text:.300}" if text else type(error).__name__
    again = "install eobench again, with all that it requires"
    advice = again if isinstance(error, ImportError) else "report this as a bug"
    return Finding(name, "problem", f"could not be looked at: {said}", advice)


def _late(name: str, seconds: float) -> Finding:
    return Finding(
        name, "problem", f"gave no answer in {seconds:g} s", "is a disk or a network drive hanging? Try it by hand"
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a child process said.

    Attributes:
        values: all that it told, up to its end.
        ended: how it ended before it was done (`was killed by SIGSEGV`); empty where it told all.
    """

    values: Mapping[str, Any]
    ended: str = ""


def ask_child(topic: str, arguments: Sequence[str] = (), seconds: float = 60.0) -> Answer:
    """Ask a process of its own, so that a crash or a hang in what it imports is an answer.

    Args:
        topic: a function of `eobench.cli._doctor_child`.
        arguments: of the function.
        seconds: after which it is killed.
    """
    # Not `-m`: that would put another folder at the front of the path than `eobench` itself has.
    code = "import sys; from eobench.cli import _doctor_child; _doctor_child.main(sys.argv[1:])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    process = subprocess.Popen(  # noqa: S603  this very Python, with our own code
        [sys.executable, "-P", "-c", code, topic, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
        late = False
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        late = True
    values = _values(out)
    if values.pop("done", False):
        return Answer(values)
    if late:
        return Answer(values, f"gave no answer in {seconds:g} s")
    if process.returncode < 0:
        return Answer(values, f"was killed by {signal.Signals(-process.returncode).name}")
    last = err.decode(errors="replace").strip().splitlines()[-1:] or ["nothing was said"]
    return Answer(values, f"ended with exit code {process.returncode}: {last[0]:.300}")


def _values(out: bytes) -> dict[str, Any]:
    """The last torn line, and what is none of ours, are left out."""
    values: dict[str, Any] = {}
    for line in out.splitlines():
        with contextlib.suppress(ValueError, TypeError):
            values |= json.loads(line)
    return values
