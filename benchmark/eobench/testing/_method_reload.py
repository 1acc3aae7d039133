"""Loads a saved predictor in a process of its own and predicts with it; started by a check.

Reads a job from its input: plain values, nothing is unpickled.
"""

from __future__ import annotations

import importlib
import json
import sys
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Run the job: load, predict the scored rows, write the arrays."""
    job: dict[str, Any] = json.load(sys.stdin)
    sys.path[:] = job["path"]
    from eobench.data import Knobs, Supervision, build_scene, open_folder
    from eobench.testing._method_subject import one_thread, seed_globally

    scene = build_scene(
        open_folder(Path(job["data"])),
        split="block",
        modalities=(),
        supervision=Supervision("none"),
        knobs=Knobs(),
        seed=0,  # the scored rows and their order do not depend on it
        flatten=job["flatten"],
    )
    module, name = job["predictor"]
    kind: Any = reduce(getattr, name.split("."), importlib.import_module(module))
    one_thread()
    seed_globally(0)
    predictor = kind.load(Path(job["saved"]))
    arrays: dict[str, Any] = predictor.predict(scene.test).given()
    np.savez(job["result"], **arrays)


if __name__ == "__main__":
    main()
