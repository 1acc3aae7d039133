"""Whatever a user can write or read is documented: commands, fields, statuses, columns, hooks, plugins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from eobench.plugin import Hooks
from eobench.results import COLUMNS, STATUSES
from eobench.tasks import json_schema

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PLUGIN_KINDS = ("methods", "datasets", "base_models", "suites", "metrics", "executors", "listeners")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def undocumented(names: Iterable[str], text: str) -> list[str]:
    """Names that no line of a table begins with, as code."""
    rows = [re.findall(r"`([^`]+)`", line.split(" | ")[0]) for line in text.splitlines() if line.startswith("|")]
    told = {name for row in rows for name in row}
    return [n for n in names if n not in told]


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next of its level or above; empty where there is none."""
    level = heading.partition(" ")[0]
    found = re.search(
        rf"^{re.escape(heading)}$\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.DOTALL | re.MULTILINE
    )
    return found[1] if found else ""


def variables(folders: Iterable[Path]) -> set[str]:
    """Environment variables of eobench that sources name."""
    texts = (f.read_text(encoding="utf-8") for folder in folders for f in folder.rglob("*.py"))
    return {v for text in texts for v in re.findall(r"\bEOBENCH_[A-Z][A-Z_]*\b", text)}


def test_a_name_that_no_table_begins_with_is_undocumented():
    text = "| `oa` | accuracy, unlike `made_up` |\n\n`elsewhere` and | `nowhere` |\n"
    assert undocumented(["oa", "made_up", "elsewhere", "nowhere"], text) == ["made_up", "elsewhere", "nowhere"]


def test_a_section_ends_where_the_next_begins():
    text = "## a\n\none\n\n### below\n\ntwo\n\n## b\n\nthree\n"
    assert "two" in section(text, "## a")
    assert "three" not in section(text, "## a")
    assert section(text, "## c") == ""


@pytest.mark.parametrize("field", [*json_schema()["properties"], *json_schema()["$defs"]["Task"]["properties"]])
def test_every_field_of_a_task_file_is_explained(field):
    assert undocumented([field], page("tasks.md")) == []


def test_every_part_of_a_task_file_is_explained():
    fields = [f for part in json_schema()["$defs"].values() for f in part.get("properties", ())]
    assert len(fields) > 20
    assert undocumented(fields, page("tasks.md")) == []


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_explained(status):
    assert undocumented([status], section(page("running.md"), "## Statuses")) == []


def test_every_column_is_explained(reference):
    registry = reference.first_party()
    metrics = [c.name for card in registry.metrics.values() for c in card.columns]
    assert undocumented([*(c.name for c in COLUMNS), *metrics], page("columns.md")) == []
    assert undocumented(metrics, page("metrics.md")) == []  # by hand: how it is computed


def test_every_hook_is_explained_beyond_its_signature():
    hooks = [name for name in vars(Hooks) if name.startswith("eobench_")]
    assert len(hooks) > 5
    assert undocumented(hooks, page("README.md")) == []
    assert all(f"#### {name}\n" in page("api/plugin.md") for name in hooks)


def test_every_environment_variable_is_explained_and_read():
    told = section(page("running.md"), "## Environment variables")
    read = variables([ROOT / "benchmark", ROOT / "plugins"])
    assert undocumented(sorted(read), told) == []
    assert set(re.findall(r"EOBENCH_[A-Z_]+", told)) <= read


def test_an_environment_variable_in_a_source_is_seen(tmp_path):
    (tmp_path / "a.py").write_text('os.environ["EOBENCH_MADE_UP"]  # EOBENCH_ is no name\n')
    assert variables([tmp_path]) == {"EOBENCH_MADE_UP"}


def test_every_command_is_explained_with_its_options(reference):
    text = page("commands.md")
    seen = 0
    for path, command in reference.walk(reference.typer.main.get_command(reference.app), "eobench"):
        if path != "eobench" and getattr(command, "commands", None):
            continue
        told = section(text, f"## {path}")
        assert told, f"docs/commands.md has no section for {path!r}"
        options = [o for p in command.params for o in p.opts if o.startswith("-")]
        assert undocumented(options, told) == [], path
        assert all(getattr(p, "help", None) for p in command.params), f"{path}: an option without help"
        seen += 1
    assert seen > 10


@pytest.mark.parametrize("kind", PLUGIN_KINDS)
def test_every_plugin_that_eobench_ships_is_explained_with_its_options(reference, kind):
    registry = reference.first_party()
    title = kind.replace("datasets", "data sets").replace("_", " ").capitalize()
    told = section(page("plugins.md"), f"## {title}")
    cards = list(reference.ours(registry, getattr(registry, kind)))
    assert cards
    for card in cards:
        entry = section(told, f"### {card.name}")
        assert entry, f"docs/plugins.md does not explain {card.name!r}"
        assert undocumented([p.name for p in card.params], entry) == [], card.name


def calls(text: str) -> Iterator[list[str]]:
    """The words of each `eobench ...` that a page shows as code."""
    fenced = re.findall(r"^```(?:sh|bash|console|text)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in fenced for line in block.splitlines()]
    lines += re.findall(r"`(eobench [^`]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    for line in lines:
        found = re.match(r"(?:\$ )?eobench (.*)", line)
        if found:
            yield re.sub(r'"[^"]*"|\s#.*|\s{2,}.*', " x ", found[1]).split()


def not_there(words: list[str], commands: dict[str, set[str]]) -> list[str]:
    """Commands and options in a call that eobench does not have."""
    path, rest = "eobench", list(words)
    while rest and f"{path} {rest[0]}" in commands:
        path += f" {rest.pop(0)}"
    wrong = [] if path != "eobench" or rest[0].startswith("-") else [rest[0]]
    for name in rest[0].split("|") if wrong and "|" in rest[0] else ():  # run|plan|list
        wrong = [] if f"eobench {name}" in commands else [name]
    options = {w.partition("=")[0] for w in rest if re.match(r"--?[a-z]", w)}
    return wrong + sorted(options - commands[path] - {"--help", "-h"})


@pytest.fixture(scope="session")
def commands(reference) -> dict[str, set[str]]:
    walked = reference.walk(reference.typer.main.get_command(reference.app), "eobench")
    return {path: {o for p in c.params for o in [*p.opts, *p.secondary_opts]} for path, c in walked}


def test_no_page_shows_a_command_or_an_option_that_is_not_there(pages, commands):
    by_hand = {name: text for name, text in pages.items() if name != "docs/commands.md"}
    shown = [(name, words) for name, text in by_hand.items() for words in calls(text)]
    assert len(shown) > 20
    wrong = [f"{name}: eobench {' '.join(words)}" for name, words in shown if not_there(words, commands)]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("```sh\neobench run tasks.yaml --made-up\n```", ["--made-up"]),
        ("`eobench prove ncc`", ["prove"]),
        ("```\neobench leaderboard show x --wins --markdown   # a comment --made-up\n```", []),
        ('`eobench why "ncc --full" --tasks=t.yaml`', []),
        ("`eobench leaderboard prove`", []),  # a group's argument cannot be told from a command
    ],
)
def test_a_command_that_is_not_there_is_found(text, wrong, commands):
    (words,) = calls(text)
    assert not_there(words, commands) == wrong
