"""Cost per cell (slope) and start-up (intercept): cold, cached, one cell missing; with 1 and 2 workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.overhead._numbers import line, spread, table
from bench.overhead._sides import Benchopt, Done, Eobench, Matrix, Worlds

STATES = ("cold", "cached", "one cell missing")


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured run."""

    side: str
    jobs: int
    state: str
    cells: int
    repeat: int
    seconds: float
    cpu: float


def measure(
    worlds: Worlds, matrices: Sequence[Matrix], jobs: Sequence[int], repeats: int, say: Callable[[str], None]
) -> list[Sample]:
    """Run each matrix in each state, both harnesses side by side, in turn first."""
    samples: list[Sample] = []
    for repeat in range(repeats):
        for workers in jobs:
            for matrix in matrices:
                sides = worlds.sides(matrix)
                if repeat % 2:
                    sides.reverse()
                for state in STATES:  # neighbours in time are compared
                    for side in sides:
                        done = _run(side, matrix, state, workers)
                        samples.append(
                            Sample(side.name, workers, state, matrix.cells, repeat, done.seconds, done.cpu)
                        )
                        say(f"{side.name}, {workers} workers, {matrix.cells} cells, {state}: {done.seconds:.2f} s")
                worlds.remove(sides)
    return samples


def _run(side: Eobench | Benchopt, matrix: Matrix, state: str, jobs: int) -> Done:
    if state == "one cell missing":
        side.forget_one()
    done = side.run(jobs=jobs)
    if done.returncode != 0 or len(side.rows()) != matrix.cells:
        raise RuntimeError(
            f"{side.name}, {state}: {done.returncode}, {len(side.rows())} rows\n{done.output[-2000:]}"
        )
    return done


def report(samples: Sequence[Sample]) -> str:
    """Return the tables."""
    return (
        f"{_slopes(samples, 'seconds')}\n\nThe same in processor time of all processes, which other work on the "
        f"machine moves less:\n\n{_slopes(samples, 'cpu')}\n\nSeconds of each run, from command to prompt:\n\n"
        f"{_seconds(samples)}"
    )


def _select(samples: Sequence[Sample], **wanted: object) -> list[Sample]:
    return [s for s in samples if all(getattr(s, name) == value for name, value in wanted.items())]


def _lines(samples: Sequence[Sample], side: str, jobs: int, state: str, what: str) -> list[tuple[float, float]]:
    """Return slope and intercept of each repeat."""
    found = []
    for repeat in sorted({s.repeat for s in samples}):
        ours = _select(samples, side=side, jobs=jobs, state=state, repeat=repeat)
        if len({s.cells for s in ours}) > 1:
            found.append(line([s.cells for s in ours], [getattr(s, what) for s in ours]))
    return found


def _slopes(samples: Sequence[Sample], what: str) -> str:
    rows = []
    for jobs in sorted({s.jobs for s in samples}):
        for state in STATES:
            ours, theirs = (_lines(samples, side, jobs, state, what) for side in ("eobench", "benchopt"))
            if not ours:
                continue
            ratios = [a[0] / b[0] for a, b in zip(ours, theirs, strict=False) if b[0] > 0]
            starts = [a[1] / b[1] for a, b in zip(ours, theirs, strict=False) if b[1] > 0]
            rows.append(
                [
                    state,
                    jobs,
                    spread([s for s, _ in ours]),
                    spread([s for s, _ in theirs]),
                    spread(ratios),
                    spread([i for _, i in ours]),
                    spread([i for _, i in theirs]),
                    spread(starts),
                ]
            )
    columns = ["state", "workers", "eobench, ms/cell", "benchopt, ms/cell", "ratio"]
    return table([*columns, "eobench, start-up s", "benchopt, start-up s", "ratio"], rows)


def _seconds(samples: Sequence[Sample]) -> str:
    rows = []
    for jobs in sorted({s.jobs for s in samples}):
        for state in STATES:
            for cells in sorted({s.cells for s in samples}):
                pair = [
                    [s.seconds for s in _select(samples, side=side, jobs=jobs, state=state, cells=cells)]
                    for side in ("eobench", "benchopt")
                ]
                ratios = [a / b for a, b in zip(*pair, strict=False)]
                rows.append([cells, state, jobs, spread(pair[0]), spread(pair[1]), spread(ratios)])
    return table(["cells", "state", "workers", "eobench, s", "benchopt, s", "ratio"], rows)
