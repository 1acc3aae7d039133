"""Kill runs at random moments, then let one end: is every row what an undisturbed run gives, and none run twice?

Each round starts `eobench run`, kills workers (`kill -9`) at random moments and then the main process; after the
last round the run is started once more and left alone. Checked: after each kill of the main process no worker
lives for more than 5 s; a second run beside a running one is refused; no finished cell (a whole line of the
journal) ran again; the Parquet equals that of an undisturbed run in all identity, status and metric columns.

    python bench/disturb/run.py [--rounds 20] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import psutil

from eobench.results import COLUMNS

HERE = Path(__file__).parent
TASKS = HERE / "tasks.yaml"


class World:
    """A cache and a folder of boards."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.journal = root / "cache" / "runs" / "disturbed" / "journal.jsonl"

    def start(self) -> subprocess.Popen[str]:
        """Start the run."""
        environment = os.environ | {"EOBENCH_CACHE": str(self.root / "cache"), "EOBENCH_TRACKING": "off"}
        code = "from eobench.cli import main; main()"
        command = [sys.executable, "-c", code, "run", str(TASKS), "--out", str(self.root / "boards"), "--quiet"]
        return subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def lines(self) -> list[dict]:
        """Return the whole lines of the journal."""
        if not self.journal.exists():
            return []
        whole, _, _ = self.journal.read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    def board(self) -> pd.DataFrame:
        """Return the leaderboard's rows."""
        return pd.read_parquet(self.root / "boards" / "disturbed" / "results.parquet")


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return all processes below one."""
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def still_alive(workers: list[psutil.Process], within: float) -> list[psutil.Process]:
    """Return those that live on after so many seconds."""
    _, alive = psutil.wait_procs(workers, timeout=within)
    return [w for w in alive if w.is_running() and w.status() != psutil.STATUS_ZOMBIE]


def disturb(world: World, chance: random.Random, number: int) -> dict:
    """One round: start, kill some workers, look whether a second run is refused, kill the main process."""
    before = len(world.lines())
    process = world.start()
    end = time.monotonic() + chance.uniform(6, 25)
    kills = 0
    refused = None
    seen: dict[int, psutil.Process] = {}
    while time.monotonic() < end and process.poll() is None:
        time.sleep(chance.uniform(0.2, 1.5))
        workers = workers_of(process)
        seen |= {w.pid: w for w in workers}
        if workers and chance.random() < 0.2:
            chance.choice(workers).kill()
            kills += 1
        if number % 5 == 0 and refused is None and workers:
            second = world.start()
            told, _ = second.communicate()
            refused = second.returncode == 2 and "already running" in told
    ended = process.poll() is not None
    seen |= {w.pid: w for w in workers_of(process)}
    process.kill()
    process.communicate()
    alive = still_alive(list(seen.values()), 5.0)
    return {
        "round": number,
        "workers killed": kills,
        "ended first": ended,
        "alive after 5 s": len(alive),
        "second run refused": refused,
        "rows before": before,
        "rows after": len(world.lines()),
    }


def compare(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Return the identity, status and metric columns in which two boards differ."""
    costs = {c.name for c in COLUMNS if c.group in ("cost", "provenance")} - {"predictions", "classes"}
    names = [c for c in one.columns if c not in costs]
    key = "cell"
    one, other = one.set_index(key).sort_index(), other.set_index(key).sort_index()
    if list(one.index) != list(other.index):
        return ["the cells themselves"]
    return [n for n in names if n != key and one[n].map(repr).tolist() != other[n].map(repr).tolist()]


def main() -> None:
    """Run the experiment and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    chance = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        disturbed, calm = World(Path(folder) / "disturbed"), World(Path(folder) / "calm")
        rows = []
        for number in range(chosen.rounds):
            rows.append(disturb(disturbed, chance, number))
            print(json.dumps(rows[-1]), flush=True)
        last = disturbed.start()
        last.communicate()
        calm_run = calm.start()
        calm_run.communicate()
        lines = disturbed.lines()
        # a cell may have a second line only after one that the environment failed
        finished = Counter(entry["row"]["cell"] for entry in lines if entry["row"].get("cause") != "environment")
        differing = compare(disturbed.board(), calm.board())
        print(f"\n| | |\n|---|---|\n| rounds | {len(rows)} |")
        print(f"| workers killed | {sum(r['workers killed'] for r in rows)} |")
        print(f"| workers alive 5 s after the main process | {sum(r['alive after 5 s'] for r in rows)} |")
        refusals = [r["second run refused"] for r in rows if r["second run refused"] is not None]
        print(f"| second runs refused | {sum(refusals)} of {len(refusals)} |")
        print(f"| cells | {len(disturbed.board())}, {dict(Counter(disturbed.board()['status']))} |")
        print(f"| finished cells that ran again | {sum(n > 1 for n in finished.values())} |")
        print(
            f"| cells begun more than once in a run | {sum((e['row'].get('attempts') or 1) > 1 for e in lines)} |"
        )
        print(f"| exit of the last run, of the undisturbed run | {last.returncode}, {calm_run.returncode} |")
        print(f"| columns that differ | {differing or 'none'} |")


if __name__ == "__main__":
    main()
