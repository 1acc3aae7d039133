"""A main process to interrupt and to kill: `python toy_main.py CACHE FOLDER SEEDS SECONDS`."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main():
    from toy_cells import PLUGINS, registry, slow_cells

    from eobench.plugin import Places
    from eobench.run import RunOptions, run

    cache, folder, note, seeds = sys.argv[1:5]
    places = Places(None, Path(cache))
    options = RunOptions(jobs=2, device="cpu", plugins=PLUGINS, entry_points=False)
    shown = []

    def progress(now):
        if not shown and now.running and now.done > now.cached:
            shown.append(True)
            print("running", flush=True)

    outcome = run(slow_cells(folder, note, int(seeds)), registry(places), places, "r", options, progress=progress)
    print(json.dumps({"counts": outcome.counts, "interrupted": outcome.interrupted}))
    print(json.dumps(sorted(m for m in sys.modules if m in ("torch", "mlflow", "pandas", "sklearn", "pyarrow"))))


main()
