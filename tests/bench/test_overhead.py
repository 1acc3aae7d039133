"""The measuring script works at a tiny size: what it counts is what happened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))

from bench.overhead import _counters, _numbers, _staleness, _timing  # noqa: E402
from bench.overhead.__main__ import merge  # noqa: E402
from bench.overhead._sides import Matrix, Worlds, edit  # noqa: E402


@pytest.fixture
def worlds(tmp_path, monkeypatch):
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"):
        monkeypatch.delenv(name, raising=False)  # restored afterwards, whatever Worlds sets
    return Worlds(tmp_path, None)


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_slope_and_start_up_of_a_line_are_found():
    slope, start = _numbers.line([100, 200, 400], [1.2, 1.4, 1.8])
    assert (slope, start) == (pytest.approx(2.0), pytest.approx(1.0))


def test_a_median_stands_with_its_spread():
    assert _numbers.spread([3.0, 1.0, 2.0]) == "2.00 (1.00 - 3.00)"
    assert _numbers.spread([1.5]) == "1.50"


def test_ratios_are_of_neighbours_in_time():
    samples = [
        _timing.Sample(side, 1, "cold", n, repeat, seconds, seconds)
        for repeat, factor in enumerate((1, 10))
        for side, each in (("eobench", 0.001), ("benchopt", 0.004))
        for n in (100, 200)
        for seconds in [factor * (1 + each * n)]
    ]
    row = cells(_timing.report(samples))[0]
    assert row[:5] == ["cold", "1", "5.50 (1.00 - 10.00)", "22.00 (4.00 - 40.00)", "0.25 (0.25 - 0.25)"]


def test_executions_openings_and_processes_are_counted(worlds):
    cold, cached = cells(_counters.count(worlds, Matrix(2, 1), [1]))
    assert (cold[1], cold[5]) == ("cold", "2")
    assert int(cold[3]) >= 1
    assert int(cold[4]) == 2  # the coordinator and one worker
    assert (cached[1], cached[3], cached[4], cached[5]) == ("cached", "0", "1", "0")


def test_an_edited_helper_counts_as_four_cells_to_run_again(worlds):
    change = next(c for c in _staleness.CHANGES if c.what == "its helper's code")
    ((what, expected, ours, _, why),) = cells(_staleness.staleness(worlds, [change], lambda _: None))
    assert (what, expected, ours) == (change.what, "4 of noop", "4 of noop")
    assert "overhead_noop._helper changed" in why


def test_a_stale_row_is_called_stale():
    assert _staleness._verdict({}, {"noop": 4}) == "**stale rows served**"
    assert _staleness._verdict({"noop": 4, "other": 4}, {"noop": 4}) == "more than needed"


def test_an_edit_that_changes_nothing_is_an_error(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    with pytest.raises(ValueError, match="nothing matches"):
        edit(tmp_path / "a.py", "y = 1", "y = 2")


def test_a_wrong_part_is_refused_with_those_allowed():
    done = subprocess.run(
        [sys.executable, "-m", "bench.overhead", "--parts", "timings"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "'timings' is not known; allowed: timing, counters" in done.stderr


TIMING, FAULTS = "\n## Cost per cell and start-up\n\n| a |\n", "\n## Faults\n\n| b |\n"


def test_a_part_measured_again_replaces_the_old_one_and_leaves_the_others():
    old = merge("", "# Head", [FAULTS, TIMING])
    new = merge(old, "# New head", [TIMING.replace("| a |", "| c |")])
    assert new == "# New head\n\n## Cost per cell and start-up\n\n| c |\n\n\n## Faults\n\n| b |\n"
    assert merge(new, "# New head", []) == new
