"""The tutorial followed to the letter, in an empty folder: every file, command and output of it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"


@dataclass(frozen=True)
class Block:
    language: str
    title: str
    text: str


def blocks(page: str) -> list[Block]:
    found = re.findall(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    return [Block(*one) for one in found]


def tokens(text: str) -> list[str]:
    """Words of an output; numbers, keys, rules and line breaks may differ from machine to machine."""
    plain = re.sub(r"[─│┃╭╮╰╯━]+", " ", text)
    plain = re.sub(r"\b[0-9a-f]{12}\b", "#", plain)
    return re.sub(r"-?\d+(\.\d+)?", "#", plain).split()


def agrees(told: str, seen: str) -> bool:
    """Whether an output is as a page shows it, up to numbers and the order of rows; `...` is anything."""
    if "..." not in told:
        return sorted(tokens(told)) == sorted(tokens(seen))
    parts = [r"\s+".join(map(re.escape, tokens(part))) for part in told.split("...")]
    return re.fullmatch(".*".join(rf"\s*{part}\s*" for part in parts), " ".join(tokens(seen))) is not None


@pytest.fixture
def follow(tmp_path, monkeypatch):
    """A function that does what a block says, and returns what it prints."""
    shim = tmp_path / "bin" / "eobench"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from eobench.cli import main; main()" "$@"\n')
    shim.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EOBENCH_", "MLFLOW_", "PYTHONPATH"))}
    environment = kept | {
        "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}",
        "EOBENCH_CACHE": str(tmp_path / "cache"),
        "EOBENCH_TRACKING": "off",
        "COLUMNS": "100",
    }
    here = tmp_path / "empty"
    here.mkdir()
    monkeypatch.chdir(here)
    names: dict[str, object] = {}

    def do(block: Block) -> str:
        if block.title:
            file = here / block.title
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text)
            return ""
        if block.language == "python":
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(block.text, str(PAGE), "exec"), names)
            return out.getvalue()
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"
        # a busy machine prepares slowly, and says so
        said = [line for line in done.stderr.splitlines() if not re.match(r"simulated-\S+: [\d,]+/", line)]
        assert not said, f"{block.text}\n{done.stderr}"
        return done.stdout

    return do


def test_the_tutorial_does_what_it_says(follow):
    seen = ""
    for block in blocks(PAGE.read_text(encoding="utf-8")):
        if block.language == "text":
            assert agrees(block.text, seen), f"the page shows\n{block.text}\nand this was printed:\n{seen}"
        else:
            assert block.language in ("sh", "python", "yaml"), block
            seen = follow(block)


def test_the_tutorial_has_files_commands_code_and_outputs():
    kinds = {(b.language, bool(b.title)) for b in blocks(PAGE.read_text(encoding="utf-8"))}
    assert kinds == {("yaml", True), ("sh", False), ("text", False), ("python", True), ("python", False)}


def test_each_file_is_named_in_the_text_too():
    page = PAGE.read_text(encoding="utf-8")  # GitHub does not show a block's title
    titles = [b.title for b in blocks(page) if b.title]
    assert [t for t in titles if f"`{t}`" not in page] == []


def test_an_output_agrees_up_to_numbers_and_line_breaks():
    assert agrees("a 0.5 key 0123456789ab\n", "a   -12\nkey ba9876543210")
    assert agrees("first\n...\nlast 1\n", "first\nmany\nlines\nlast 2\n")
    assert agrees("first\n...\n", "first")


@pytest.mark.parametrize("seen", ["b 0.5", "a 0.5 more", "a", ""])
def test_another_output_does_not_agree(seen):
    assert not agrees("a 0.5\n", seen)
