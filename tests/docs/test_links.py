"""Every relative link in every page leads somewhere, also to a heading."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = {"leaderboards", ".venv", "node_modules"}


def prose(text: str) -> str:
    """A page without its code blocks and code spans, but with the texts of its links."""
    text = re.sub(r"^( *)(```|~~~).*?^\1\2", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(`+)(?:(?!\1).)+?\1", "code", text)


def links(text: str) -> list[str]:
    found = re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", prose(text))
    return found + re.findall(r"(?:href|src)=\"([^\"]+)\"", prose(text))


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    kept = re.sub(r"^( *)(```|~~~).*?^\1\2", "", text, flags=re.DOTALL | re.MULTILINE)
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", kept, flags=re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = 0
        while (anchor if not number else f"{anchor}-{number}") in found:
            number += 1
        found.add(anchor if not number else f"{anchor}-{number}")
    return found


def broken(page: Path, root: Path) -> list[str]:
    bad = []
    for link in links(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or not target.is_relative_to(root.resolve()):
            bad.append(f"{page.relative_to(root)} links to {link}, which is not there")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text(encoding="utf-8")):
            bad.append(f"{page.relative_to(root)} links to {link}: no such heading")
    return bad


def all_pages() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode == 0 and done.stdout:
        return [p for line in done.stdout.splitlines() if (p := ROOT / line).is_file()]
    return [p for p in ROOT.rglob("*.md") if not GENERATED & set(p.relative_to(ROOT).parts)]


def test_every_link_leads_somewhere():
    assert [text for page in all_pages() for text in broken(page, ROOT)] == []


def test_all_pages_are_looked_at():
    names = {str(p.relative_to(ROOT)) for p in all_pages()}
    assert {"README.md", "CONTRIBUTING.md", "docs/README.md", "docs/running.md", "docs/api/plugin.md"} <= names


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("[a](nowhere.md)", "which is not there"),
        ("[a](other.md#nothing)", "no such heading"),
        ("[a](#nothing)", "no such heading"),
        ("![a](picture.png)", "which is not there"),
        ('<a href="nowhere.md">a</a>', "which is not there"),
        ("[a](../../outside.md)", "which is not there"),
    ],
)
def test_a_broken_link_is_found(tmp_path, link, said):
    (tmp_path / "other.md").write_text("# Other\n")
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{link}\n")
    (found,) = broken(page, tmp_path)
    assert said in found


def test_sound_links_and_code_are_left_alone(tmp_path):
    (tmp_path / "other.md").write_text("# Other\n\n## `why`: *what* changed?\n\n## Twice\n\n## Twice\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n[a](other.md#why-what-changed) [b](other.md#twice-1) [c](#page) [d](https://example.org/x.md)\n"
        "`[e](nowhere.md)`\n\n```\n[f](nowhere.md)\n```\n"
    )
    assert broken(page, tmp_path) == []
