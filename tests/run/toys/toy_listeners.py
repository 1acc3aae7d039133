"""Listeners that note, raise and dawdle. What they hear lies in `HEARD`, as they run in the main process."""

import time

from eobench.plugin import Listener, ListenerCard

HEARD = []


def card(name, attribute):
    return ListenerCard(name=name, summary="toy", load=f"toy_listeners:{attribute}")


class Notes(Listener):
    def run_started(self, info):
        HEARD.append(("run_started", info.name, info.cells, info.cached))

    def cell_started(self, cell, label):
        HEARD.append(("cell_started", cell))

    def cell_finished(self, done):
        curves = {name: list(points) for name, points in done.curves.items()}
        HEARD.append(("cell_finished", done.row["cell"], done.row["status"], curves, done.artifacts, done.cached))

    def run_finished(self, status):
        HEARD.append(("run_finished", dict(status)))


class Raises(Listener):
    def cell_finished(self, done):
        raise RuntimeError("server is away")


class Broken(Listener):
    def __init__(self):
        raise RuntimeError("cannot be made")


class Dawdles(Listener):
    def cell_finished(self, done):
        time.sleep(30)
