"""Write the API reference, docs/api/*.md, from the docstrings: `python scripts/api_reference.py [--check]`.

The sources are read, not imported (griffe), so nothing heavy loads and nothing of this machine gets in. A public
name without a docstring, or a docstring that speaks of what is not there, is an error.
"""

from __future__ import annotations

import html
import logging
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "api"
COMMAND = "python scripts/api_reference.py"
MODULES = {"plugin": "eobench.plugin", "data": "eobench.data", "testing": "eobench.testing"}
SECTIONS = ("The hooks", "Base classes", "Cards", "Classes", "Functions", "Errors", "Types and constants")
WIDTH = 100  # of a signature, before it is broken over lines
Entry = griffe.Class | griffe.Function | griffe.Attribute


class DocstringError(Exception):
    """What the docstrings lack, one line each."""


class Page:
    """One module's page.

    Args:
        name: of the page: `plugin`.
        module: read by griffe.
    """

    def __init__(self, name: str, module: griffe.Module) -> None:
        self.name = name
        self.module = module
        self.entries = {str(e): _target(module, str(e)) for e in module.exports or ()}

    def sections(self) -> Iterator[tuple[str, list[tuple[str, Entry]]]]:
        """Yield each section that has entries, with these."""
        for section in SECTIONS:
            found = [(n, e) for n, e in self.entries.items() if _section(e) == section]
            if found:
                yield section, found


def _target(module: griffe.Module, name: str) -> Entry:
    member = module.members[name]
    try:
        found = member.final_target if isinstance(member, griffe.Alias) else member
    except (griffe.AliasResolutionError, griffe.CyclicAliasError) as error:
        raise DocstringError(f"{module.path}.{name}: its source is not there ({error})") from None
    assert isinstance(found, griffe.Class | griffe.Function | griffe.Attribute)
    return found


def _section(entry: Entry) -> str:
    if isinstance(entry, griffe.Function):
        return "Functions"
    if isinstance(entry, griffe.Attribute):
        return "Types and constants"
    bases = _bases(entry)
    if any(_is_hook(f) for f in entry.functions.values()):
        return "The hooks"
    if any(b.endswith(("Error", "Exception")) for b in bases):
        return "Errors"
    if entry.name == "Card" or "Card" in bases:
        return "Cards"
    return "Base classes" if "ABC" in bases else "Classes"


def _bases(entry: griffe.Class) -> list[str]:
    """The names of all classes above, those of other packages too."""
    direct = [str(base).rpartition(".")[2] for base in entry.bases]
    return direct + [b for parent in entry.mro() for b in _bases(parent)]


def _is_hook(function: griffe.Function) -> bool:
    return any(str(d.value) == "hookspec" for d in function.decorators)


def _members(entry: griffe.Class) -> Iterator[griffe.Function | griffe.Attribute]:
    """Public methods and properties, in the order of the source."""
    for name, member in entry.members.items():
        if name.startswith("_"):
            continue
        if isinstance(member, griffe.Function) or (
            isinstance(member, griffe.Attribute) and "property" in member.labels
        ):
            yield member


class Writer:
    """Writes pages; knows where each public name is explained."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self.problems: list[str] = []
        self._links: dict[str, str] = {}
        for page in pages:
            for name, entry in page.entries.items():
                self._place(page, name, name)
                if isinstance(entry, griffe.Class):
                    for member in _members(entry):
                        heading = self._heading_of(name, member)
                        self._place(page, f"{name}.{member.name}", heading)
                        if heading == member.name:
                            self._links[heading] = self._links[f"{name}.{heading}"]

    def _heading_of(self, owner: str, member: griffe.Function | griffe.Attribute) -> str:
        """The heading under which a member stands: its own, or, for a property, its class's."""
        if isinstance(member, griffe.Attribute):
            return owner
        return member.name if _is_hook(member) else f"{owner}.{member.name}"

    def _place(self, page: Page, name: str, heading: str) -> None:
        link = f"{page.name}.md#{heading.replace('.', '').lower()}"
        taken = {f"{page.name}.md#{s.lower().replace(' ', '-')}" for s in SECTIONS} | set(self._links.values())
        if heading == name and link in taken:
            self.problems.append(f"{page.module.path}.{name}: another heading has the same anchor, {link}")
        self._links[name] = link

    def page(self, page: Page) -> str:
        """Return the Markdown of a page."""
        self._here = page.name
        blocks = [f"# {page.module.path}", f"*Written from the docstrings by `{COMMAND}`; do not edit.*"]
        blocks.append(self._text(_docstring(page.module)))
        for section, found in page.sections():
            blocks.append(f"**{section}**: " + " · ".join(self._link(name) for name, _ in found))
        for section, found in page.sections():
            blocks.append(f"## {section}")
            for name, entry in found:
                blocks += self._entry(name, entry)
        return "\n\n".join(block for block in blocks if block) + "\n"

    def _entry(self, name: str, entry: Entry) -> Iterator[str]:
        self._owner = name
        yield f"### {name}"
        if _section(entry) != "The hooks":
            yield _code(_signature(name, entry))
        if not entry.has_docstring:
            self.problems.append(f"{entry.path}: a public name without a docstring")
        if isinstance(entry, griffe.Class):
            known = [b for b in (str(base) for base in entry.bases) if b in self._links]
            if known:
                yield "Extends " + ", ".join(self._link(b) for b in known) + "."
            yield from self._class(name, entry)
        else:
            yield from self._body(entry)

    def _class(self, name: str, entry: griffe.Class) -> Iterator[str]:
        properties = [m for m in _members(entry) if isinstance(m, griffe.Attribute)]
        yield from self._body(entry, properties)
        for member in _members(entry):
            if not member.has_docstring:
                self.problems.append(f"{entry.path}.{member.name}: a public name without a docstring")
            if isinstance(member, griffe.Function):
                yield f"#### {self._heading_of(name, member)}"
                yield _code(_signature(member.name, member))
                yield from self._body(member)

    def _body(self, entry: Entry, properties: Iterable[griffe.Attribute] = ()) -> Iterator[str]:
        rows: list[tuple[str, str, str]] = []
        blocks: list[str] = []
        for section in entry.docstring.parsed if entry.docstring else ():
            if isinstance(section, griffe.DocstringSectionAttributes):
                rows += [(a.name, self._type(a.annotation), self._text(a.description)) for a in section.value]
            else:
                blocks.append(self._part(section))
        for made in properties:
            parts = [self._part(s) for s in made.docstring.parsed] if made.docstring else []
            rows.append((made.name, self._type(made.annotation), " ".join(parts)))
        if isinstance(entry, griffe.Class):
            named = {name for name, _, _ in rows}
            lacking = [p.name for p in _fields(entry) if p.name not in named]
            self.problems += [f"{entry.path}: field {n!r} is not among its Attributes" for n in lacking]
        if rows:
            blocks.append(_table(rows))
        yield from blocks
        yield self._types(entry, " ".join(blocks))

    def _part(self, section: griffe.DocstringSection) -> str:
        if isinstance(section, griffe.DocstringSectionText):
            return self._text(section.value)
        if isinstance(section, griffe.DocstringSectionParameters):
            lines = [f"- `{p.name}`: {self._inline(p.description)}" for p in section.value]
            return "**Arguments**\n\n" + "\n".join(lines)
        if isinstance(section, griffe.DocstringSectionReturns | griffe.DocstringSectionYields):
            word = "Returns" if isinstance(section, griffe.DocstringSectionReturns) else "Yields"
            return f"**{word}** " + " ".join(self._inline(r.description) for r in section.value)
        if isinstance(section, griffe.DocstringSectionRaises):
            lines = [
                f"- {self._inline(f'`{e.annotation}`')}: {self._inline(e.description)}" for e in section.value
            ]
            return "**Raises**\n\n" + "\n".join(lines)
        if isinstance(section, griffe.DocstringSectionAdmonition):
            return f"**{section.title}**\n\n{self._text(section.value.description)}"
        raise DocstringError(f"{self._owner}: no rendering for a docstring section {section.kind.value!r}")

    def _types(self, entry: Entry, told: str) -> str:
        """Public names of the signature that the text does not link to: code blocks hold no links."""
        if isinstance(entry, griffe.Attribute):
            written = str(entry.value)
        else:
            written = " ".join(str(p.annotation) for p in entry.parameters)
            written += f" {entry.returns}" if isinstance(entry, griffe.Function) else ""
        names = dict.fromkeys(re.findall(r"[A-Za-z_]\w*", written))
        known = [n for n in names if n in self._links and n != self._owner]
        seen = [n for n in known if not re.search(rf'[("]{re.escape(self._target_of(n)[1:-1])}[)"]', told)]
        return "See " + ", ".join(self._link(n) for n in seen) + "." if seen else ""

    def _text(self, text: str) -> str:
        """A docstring's text as Markdown: its paragraphs, lists and code as they are, public names linked."""
        text = re.sub(r"(?<=:\n\n)(?: {4}.*(?:\n|\Z)|\n(?= {4}))+", _fenced, text.strip())
        parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
        return "".join(part if part.startswith("```") else self._linked(part) for part in parts).strip()

    def _inline(self, text: str) -> str:
        return self._linked(" ".join(text.split()))

    def _linked(self, text: str) -> str:
        def link(found: re.Match[str]) -> str:
            name = re.sub(r"^eobench\.\w+\.(?=\w)", "", found[1])
            return self._link(name, found[1]) if name in self._links and name != self._owner else found[0]

        text = escaped(text)
        text = re.sub(r"(?<![\w/])docs/([\w-]+\.md)", r"[docs/\1](../\1)", text)
        return re.sub(r"(?<!`)`([\w.]+)(?:\(\))?`(?!`)", link, text)

    _owner = ""
    _here = ""

    def _target_of(self, name: str) -> str:
        return f"({self._links[name].removeprefix(f'{self._here}.md')})"

    def _link(self, name: str, shown: str | None = None) -> str:
        return f"[`{shown or name}`]{self._target_of(name)}"

    def _type(self, annotation: object) -> str:
        """A type for a table's cell, its public names linked."""
        text = str(annotation) if annotation is not None else ""
        if not text:
            return ""
        if not any(n in self._links for n in re.findall(r"[A-Za-z_]\w*", text)):
            return "`" + text.replace("|", "\\|") + "`"

        def link(found: re.Match[str]) -> str:
            target = self._target_of(found[0])[1:-1] if found[0] in self._links else ""
            return f'<a href="{target}">{found[0]}</a>' if target else found[0]

        linked = re.sub(r"[A-Za-z_]\w*", link, html.escape(text, quote=False))
        return f"<code>{linked.replace('|', '&#124;')}</code>"


def _fenced(code: re.Match[str]) -> str:
    return _code(textwrap.dedent(code[0]).rstrip()) + "\n\n"


def escaped(text: str) -> str:
    """Keep text from being read as HTML or as emphasis; code is left alone."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"(?<!\\)(?:<(?=[A-Za-z/!])|(?<!\*)\*(?=\w))", r"\\\g<0>", part)
        for part in parts
    )


def _fields(entry: griffe.Class) -> list[griffe.Attribute]:
    """The public fields of a dataclass, its own."""
    if "dataclass" not in entry.labels:
        return []
    found = [m for m in entry.members.values() if isinstance(m, griffe.Attribute) and m.annotation is not None]
    return [a for a in found if not a.name.startswith("_") and "property" not in a.labels]


def _docstring(thing: griffe.Object) -> str:
    return thing.docstring.value if thing.docstring else ""


def _table(rows: list[tuple[str, str, str]]) -> str:
    """Attributes; without a column of types where none is known."""
    typed = any(kind for _, kind, _ in rows)
    head = ["attribute", "type", "what it is"] if typed else ["attribute", "what it is"]
    lines = [[f"`{n}`", kind, _cell(what)] if typed else [f"`{n}`", _cell(what)] for n, kind, what in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *lines])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _signature(name: str, entry: Entry) -> str:
    if isinstance(entry, griffe.Attribute):
        value = " ".join(str(entry.value).split())
        return f"{name} = {value}" if entry.value is not None else f"{name}: {entry.annotation}"
    decorators = [f"@{d.value}\n" for d in entry.decorators if str(d.value) in ("classmethod", "staticmethod")]
    if isinstance(entry, griffe.Function):
        decorators += ["@abstractmethod\n"] if "abstractmethod" in entry.labels else []
    word, arrow = "class", ""
    if isinstance(entry, griffe.Function):
        word, arrow = "def", f" -> {entry.returns}" if entry.returns is not None else ""
    parameters = _parameters(entry)
    line = f"{word} {name}({', '.join(parameters)}){arrow}"
    if len(line) > WIDTH:
        line = f"{word} {name}(\n" + "".join(f"    {p},\n" for p in parameters) + f"){arrow}"
    return "".join(decorators) + (line.replace("()", "") if word == "class" and not parameters else line)


def _parameters(entry: griffe.Class | griffe.Function) -> list[str]:
    written: list[str] = []
    star = False
    for p in entry.parameters:
        if p.name in ("self", "cls"):
            continue
        kind = p.kind
        if kind is griffe.ParameterKind.keyword_only and not star:
            written.append("*")
            star = True
        prefix = "*" if kind is griffe.ParameterKind.var_positional else ""
        prefix = "**" if kind is griffe.ParameterKind.var_keyword else prefix
        star = star or prefix == "*"
        text = prefix + p.name + (f": {p.annotation}" if p.annotation is not None else "")
        if p.default is not None and not prefix:
            text += f" = {p.default}" if p.annotation is not None else f"={p.default}"
        written.append(text)
    return written


class _Warnings(logging.Handler):
    """Keeps what griffe warns of: docstrings that name what is not in the signature."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning."""
        self.said.append(record.getMessage())


def read(modules: dict[str, str], source: Path) -> list[Page]:
    """Read modules from a folder of sources, without importing them."""
    loader = griffe.GriffeLoader(search_paths=[source], docstring_parser="google", allow_inspection=False)
    read_modules = {name: loader.load(path) for name, path in modules.items()}
    loader.resolve_aliases(implicit=True, external=False)
    return [Page(name, module) for name, module in read_modules.items() if isinstance(module, griffe.Module)]


def reference(modules: dict[str, str] = MODULES, source: Path = ROOT / "benchmark") -> dict[str, str]:
    """Return the pages: name of the file -> Markdown.

    Raises:
        DocstringError: a public name without a docstring, or a docstring that names what is not there.
    """
    listener = _Warnings()
    logger = logging.getLogger("griffe")
    logger.addHandler(listener)
    try:
        pages = read(modules, source)
        writer = Writer(pages)
        written = {f"{page.name}.md": writer.page(page) for page in pages}
    finally:
        logger.removeHandler(listener)
    problems = writer.problems + listener.said
    if problems:
        raise DocstringError("\n".join(dict.fromkeys(problems)))
    return written


def main() -> None:
    """Write the pages, or, with `--check`, say which are old."""
    try:
        pages = reference()
    except DocstringError as error:
        sys.exit(f"the API reference cannot be written:\n{error}")
    FOLDER.mkdir(exist_ok=True)
    old = [n for n, text in pages.items() if not (FOLDER / n).exists() or (FOLDER / n).read_text("utf-8") != text]
    if "--check" in sys.argv:
        sys.exit(f"docs/api: {', '.join(old)}: run {COMMAND}" if old else 0)
    for name in old:
        (FOLDER / name).write_text(pages[name], encoding="utf-8")
    print(f"docs/api: {', '.join(old) or 'nothing'} written")


if __name__ == "__main__":
    main()
