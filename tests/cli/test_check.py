"""`eobench check`: the suites without pytest, their table and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

PLUGIN = """
from eobench.data import DatasetMissingError
from eobench.plugin import Dataset, DatasetCard, MethodCard, hookimpl

@hookimpl
def eobench_datasets(places):
    return [
        DatasetCard(name="away", summary="never here", load="toy_check:Away", origin="folder"),
        DatasetCard(name="breaks", summary="raises", load="toy_check:Breaks", origin="generated"),
        DatasetCard(name="ncc", summary="called like a method", load="toy_check:Away", origin="folder"),
    ]

class Away(Dataset):
    def folder(self):
        raise DatasetMissingError("away lies on a far disk: fetch it from there")

class Breaks(Dataset):
    def folder(self):
        return [][0]
"""


@pytest.fixture
def toys(tmp_path: Path) -> None:
    (tmp_path / "toy_check.py").write_text(PLUGIN)


def _outcomes(text: str) -> dict[str, dict[str, object]]:
    (report,) = json.loads(text)
    return {outcome["check"]: outcome for outcome in report["outcomes"]}


def test_a_sound_data_set_exits_0_and_the_table_says_what_holds(eobench):
    done = eobench("check", "simulated-fields[samples=600]", "--only", "labels-are-classes")
    assert done.returncode == 0, done.stderr
    assert "Every label is the index of a declared class" in done.stdout
    assert "1 passed in" in done.stdout
    assert "the-folder-opens" not in done.stdout


def test_a_base_model_is_found_by_its_selector(eobench):
    done = eobench("check", "bilstm[hidden=8]", "--only", "the-card-is-complete", "--json")
    assert done.returncode == 0, done.stderr
    (report,) = json.loads(done.stdout)
    assert (report["kind"], report["name"]) == ("base-model", "bilstm[hidden=8]")
    assert [o["status"] for o in report["outcomes"]] == ["passed"]


def test_absent_data_is_no_failure_and_says_how_to_get_it(eobench, toys):
    done = eobench("check", "away", "--plugin", "toy_check", "--json")
    assert done.returncode == 0, done.stderr
    assert "fetch it from there" in str(_outcomes(done.stdout)["the-folder-opens"]["reason"])


def test_an_exception_that_nobody_foresaw_fails_and_shows_its_last_lines(eobench, toys):
    done = eobench("check", "breaks", "--plugin", "toy_check", "--only", "the-folder-opens")
    assert done.returncode == 1
    assert "IndexError: list index out of range" in done.stdout
    assert "return [][0]" in done.stdout
    assert "1 failed" in done.stdout
    told = eobench("check", "breaks", "--plugin", "toy_check", "--only", "the-folder-opens", "--json")
    assert told.returncode == 1
    assert str(_outcomes(told.stdout)["the-folder-opens"]["trace"]).startswith("Traceback")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bilstn",), "unknown method, data set or base model 'bilstn'. Did you mean 'bilstm'?"),
        (("dataset:bilstm",), "unknown data set 'bilstm'"),
        (("bilstm", "--only", "it-lerns"), "unknown check 'it-lerns'. Did you mean 'it-learns'?"),
        (("bilstm[hiden=3]",), "unknown option 'hiden'. Did you mean 'hidden'?"),
        (("bilstm", "--base-model", "transformer"), "--base-model is for methods; 'bilstm' is a base model"),
    ],
)
def test_a_wrong_request_exits_2_and_names_what_is_near(eobench, arguments, words):
    done = eobench("check", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_a_name_of_two_kinds_is_chosen_by_its_kind(eobench, toys):
    done = eobench(
        *("check", "dataset:ncc", "--plugin", "toy_check", "--only", "absent-data-is-told", "--json"),
    )
    assert done.returncode == 0, done.stderr
    assert [r["kind"] for r in json.loads(done.stdout)] == ["dataset"]


def test_nothing_stays_behind_in_the_cache(eobench, tmp_path):
    eobench("check", "simulated-fields[samples=600]", "--only", "the-folder-opens")
    assert list((tmp_path / "cache").glob("check-*")) == []
