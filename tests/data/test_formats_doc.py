"""docs/formats.md is kept true: its header is read, its code runs, and it names every key."""

import re
from pathlib import Path

import pytest

from eobench.data import read_header
from eobench.data._read_header import DTYPES, MODALITY_KEYS, STRUCTURE

DOC = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOC, re.DOTALL)


def test_the_header_of_the_documentation_is_sound(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text(blocks("json")[0])
    header = read_header(tmp_path)
    assert header.default_split == "county"
    assert header.files() == ("census.parquet", "s2.npy", "s2_valid.npy", "samples.parquet")


def test_the_code_of_the_documentation_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks("python"):
        exec(compile(block, "docs/formats.md", "exec"), {})
    out = capsys.readouterr().out
    assert "SplitCounts(train=30, val=30, test=30" in out
    assert "(90, 2, 12)" in out
    assert "error" not in out


@pytest.mark.parametrize("key", [*STRUCTURE, *(k for k in MODALITY_KEYS if k != "note"), *DTYPES])
def test_every_key_and_type_is_documented(key: str) -> None:
    assert f"`{key}`" in DOC
