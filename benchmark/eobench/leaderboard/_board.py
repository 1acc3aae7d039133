"""Building a leaderboard: everything is computed first, written to a temporary folder, then renamed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from eobench.data import EobenchError
from eobench.leaderboard._blocks import Cells
from eobench.leaderboard._checks import identical_predictions
from eobench.leaderboard._format import META, to_arrow, to_pandas
from eobench.leaderboard._gains import choose_baseline, gains
from eobench.leaderboard._wins import win_matrix
from eobench.plugin import Column

RESULTS, WINS, GAINS, PAGE, SCRIPT = (
    "results.parquet",
    "win_matrix.parquet",
    "gains.parquet",
    "index.html",
    "plotly.min.js",
)

_TYPES: dict[str, pa.DataType] = {
    **dict.fromkeys(("bag_size", "redraws", "draw", "seed", "wins", "ties", "n"), pa.int64()),
    **dict.fromkeys(("census_error", "value", "baseline_value", "ratio", "difference"), pa.float64()),
}


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """A leaderboard.

    Attributes:
        name: of the task file.
        folder: where it was written.
        results: one row a cell, as `read_results` gives it.
        wins: as `win_matrix` gives it.
        gains: as `gains` gives it.
        baseline: of the gains; None on an empty board.
        warnings: what a reader should know.
    """

    name: str
    folder: Path
    results: pd.DataFrame
    wins: pd.DataFrame
    gains: pd.DataFrame
    baseline: str | None
    warnings: tuple[str, ...]

    @property
    def statuses(self) -> dict[str, int]:
        """Number of rows of each status that occurs."""
        return {str(k): int(v) for k, v in self.results["status"].value_counts().items()}


def build_board(
    folder: Path,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    metric_columns: Sequence[Column],
    *,
    baseline: str | None = None,
    metrics: Sequence[str] | None = None,
) -> Board:
    """Write a leaderboard: `results.parquet`, `win_matrix.parquet`, `gains.parquet`, `index.html`.

    Args:
        folder: of the leaderboard, made where it is missing.
        name: of the leaderboard.
        rows: one a cell, in the order of the plan; the Parquet keeps that order.
        metric_columns: the columns that the installed metrics fill.
        baseline: of the gains; None: see `choose_baseline`.
        metrics: of win matrix and gains; None: those of `oa, ma, macro_f1` that have values, else the first.

    Raises:
        EobenchError: the folder cannot be written, a row does not fit the schema, the rows mix fingerprints of a
            data set or protocol versions, or a baseline or metric is unknown. Nothing is written then.
    """
    table, left_out = to_arrow(name, rows, metric_columns)
    results = to_pandas(table)
    wins = win_matrix(results, metrics)
    chosen = choose_baseline(results, baseline)
    board = Board(
        name=name,
        folder=folder,
        results=results,
        wins=wins,
        gains=gains(results, chosen, metrics),
        baseline=chosen,
        warnings=(*left_out, *Cells.of(results).warnings, *map(str, identical_predictions(results))),
    )
    from eobench.leaderboard._report import render

    _write(board, table, render(board))
    return board


def _write(board: Board, table: pa.Table, page: str) -> None:
    scratch: Path | None = None
    try:
        board.folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".writing-", dir=board.folder))
        _fill(scratch, board, table, page)
        # The results go last: whoever sees new results sees what was made from them.
        for done in sorted(scratch.iterdir(), key=lambda p: p.name == RESULTS):
            done.replace(board.folder / done.name)
    except OSError as error:
        raise _unwritable(board.folder, error) from error
    finally:
        if scratch is not None:
            with suppress(OSError):
                shutil.rmtree(scratch)


def _fill(scratch: Path, board: Board, table: pa.Table, page: str) -> None:
    from eobench.leaderboard._report import plotly_script

    meta = {META: table.schema.metadata[META]}
    pq.write_table(table, scratch / RESULTS, compression="zstd")
    pq.write_table(_typed(board.wins, meta), scratch / WINS, compression="zstd")
    pq.write_table(_typed(board.gains, meta), scratch / GAINS, compression="zstd")
    (scratch / PAGE).write_text(page, encoding="utf-8")
    script = plotly_script()
    at_hand = board.folder / SCRIPT
    if not at_hand.exists() or at_hand.stat().st_size != script.stat().st_size:
        shutil.copyfile(script, scratch / SCRIPT)


def _unwritable(folder: Path, error: OSError) -> EobenchError:
    return EobenchError(
        f"leaderboard folder {str(folder)!r} cannot be written: {error.strerror or error}; choose another with "
        f"--out, or make it writable"
    )


def _typed(frame: pd.DataFrame, metadata: Mapping[bytes, bytes]) -> pa.Table:
    schema = pa.schema([pa.field(str(c), _TYPES.get(str(c), pa.string())) for c in frame.columns])
    made = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    return made.replace_schema_metadata(dict(metadata))
