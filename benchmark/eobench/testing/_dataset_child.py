"""Prepares a data set in a process of its own and prints where it lies and its fingerprint."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from eobench.plugin import Places, discover, make_dataset
from eobench.tasks import DatasetProbe


def main() -> None:
    """Read the job from the first argument as JSON, print the answer as the last line."""
    job = json.loads(sys.argv[1])
    places = Places(None if job["data"] is None else Path(job["data"]), Path(job["cache"]))
    card = discover(places, job["modules"], entry_points=False).datasets[job["name"]]
    folder = make_dataset(card, job["params"], places).folder()
    mark = DatasetProbe(places)(card, job["params"]).fingerprint
    print(json.dumps({"folder": str(folder), "fingerprint": mark}))
