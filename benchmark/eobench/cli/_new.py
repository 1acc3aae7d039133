"""`eobench new KIND NAME`: a small installable package to start a plugin from."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from eobench.cli._common import DataOption, JsonOption, PluginOption

if TYPE_CHECKING:
    from eobench.plugin import Registry

LONGEST_NAME: Final = 32  # lines that hold the name stay within 115 characters


class Kind(StrEnum):
    """What can be begun."""

    method = "method"
    dataset = "dataset"
    base_model = "base-model"


@dataclass(frozen=True, slots=True)
class _Words:
    """What differs between the kinds besides the code.

    Attributes:
        what: its name in a sentence.
        shelf: of the registry.
        file: the module that holds the code.
        sentence: of the package's description; `{name}` is put in.
        needs: packages that the code imports.
        card_words: what the card says besides name, line and citation.
        module_words: what the module holds.
    """

    what: str
    shelf: str
    file: str
    sentence: str
    needs: tuple[str, ...]
    card_words: str
    module_words: str


WORDS: Final[Mapping[Kind, _Words]] = {
    Kind.method: _Words(
        "method",
        "methods",
        "_method.py",
        "The method {name}",
        ("eobench", "numpy", "safetensors"),
        "supervision levels, outputs, options",
        "`fit`: what is learned from a view; `predict`, `save` and `load`",
    ),
    Kind.dataset: _Words(
        "data set",
        "datasets",
        "_dataset.py",
        "The data set {name}",
        ("eobench", "numpy"),
        "origin, licence, options",
        "how the sample folder is generated or converted",
    ),
    Kind.base_model: _Words(
        "base model",
        "base_models",
        "_network.py",
        "The base model {name}",
        ("eobench", "torch"),
        "options, search spaces",
        "the network: `features` and `forward`",
    ),
}


def new(
    kind: Annotated[Kind, typer.Argument(help="What to begin.", show_default=False)],
    name: Annotated[
        str, typer.Argument(help="Its name: lower-case letters, digits and dashes.", show_default=False)
    ],
    into: Annotated[Path, typer.Option("--into", help="Folder in which the folder NAME is made.")] = Path(),
    data: DataOption = None,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a small installable package that passes `eobench check`, to begin a plugin from.

    It holds a card, one module, the contract as tests, and a tasks.yaml that compares it with what is there.
    """
    from eobench.cli import _common

    _check_name(name)
    _check_free(kind, name, _common.registry(_common.places(data), plugin))
    folder = into / name
    files = _render(kind, name)
    _write(folder, files)
    steps = [f"cd {_quoted(folder)}", "pip install -e .", f"eobench check {name}", "eobench run tasks.yaml"]
    if as_json:
        told = {"kind": kind.value, "name": name, "module": _module(name), "folder": str(folder.resolve())}
        _common.print_json(told | {"files": sorted(files), "next": steps})
        return
    edit = f"{name}/{_module(name)}/{WORDS[kind].file}"
    typer.echo(
        f"{folder} holds a {WORDS[kind].what} that works. What to edit is marked EDIT; begin with {edit}.\n"
    )
    typer.echo("Next:\n" + "\n".join(f"  {step}" for step in steps))


def _check_name(name: str) -> None:
    """Refuse what is no name, with one that would do."""
    import keyword
    import re

    from eobench.data import EobenchError

    if re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) and len(name) <= LONGEST_NAME:
        if keyword.iskeyword(_module(name)):
            raise EobenchError(f"{name!r} is a word of Python and cannot name its module: choose another name")
        return
    plain = re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower())
    plain = re.sub(r"^[-0-9]+", "", plain)[:LONGEST_NAME].strip("-")
    hint = f" Did you mean {plain!r}?" if plain and plain != name else ""
    raise EobenchError(
        f"the name {name!r} must be of lower-case letters, digits and single dashes, begin with a letter and have "
        f"at most {LONGEST_NAME} characters.{hint}"
    )


def _check_free(kind: Kind, name: str, registry: Registry) -> None:
    """Refuse a name that a plugin or an installed module has already."""
    import importlib.util

    from eobench.data import EobenchError

    words, module = WORDS[kind], _module(name)
    shelf = getattr(registry, words.shelf)
    if name in shelf:
        raise EobenchError(
            f"{words.what} {name!r} is there already, given by plugin {shelf.owner(name)!r}: choose another name "
            f"(`eobench info {name}` shows it)"
        )
    state = next((p for p in registry.plugins if p.name == module), None)
    if state is not None:
        raise EobenchError(
            f"a plugin is named {module!r} already ({state.distribution or state.module}): choose another name"
        )
    spec = importlib.util.find_spec(module)
    if spec is not None and spec.origin is not None:  # a mere folder of that name is no module
        raise EobenchError(
            f"{name!r} would be the module {module!r}, and Python finds one of that name: choose another name"
        )


def _render(kind: Kind, name: str) -> dict[str, str]:
    """Return the package's files: path -> text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    # plain text and code, nothing for a browser to read: nothing is escaped
    templates = Environment(  # noqa: S701
        loader=PackageLoader("eobench.cli"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    words, module = WORDS[kind], _module(name)
    cls = "".join(part.capitalize() for part in name.split("-"))
    values = {
        "name": name,
        "module": module,
        "cls": cls,
        "file": words.file,
        "sentence": words.sentence.format(name=name),
        "needs": words.needs,
        "card_words": words.card_words,
        "module_words": words.module_words,
    }
    sources = {
        "pyproject.toml": "shared/pyproject.toml",
        "README.md": "shared/README.md",
        ".gitignore": "shared/gitignore",
        "tasks.yaml": f"{kind.value}/tasks.yaml",
        f"{module}/__init__.py": f"{kind.value}/card.py",
        f"{module}/{words.file}": f"{kind.value}/{words.file}",
        f"tests/test_{module}.py": f"{kind.value}/test.py",
    }
    return {path: templates.get_template(f"{source}.j2").render(values) for path, source in sources.items()}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    """Write all files or none: beside their place, then renamed.

    Raises:
        EobenchError: something is there already, or nothing can be written there.
    """
    import tempfile

    from eobench.data import EobenchError

    parent = folder.parent
    if not parent.is_dir():
        raise EobenchError(f"{str(parent)!r} is not a folder: make it first, or choose another with --into")
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise EobenchError(
            f"{str(folder)!r} is there already and is not an empty folder: choose another name, or another place "
            f"with --into; nothing was written"
        )
    try:
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=parent))
    except OSError as error:
        raise EobenchError(f"{str(parent)!r} cannot be written: {error.strerror or error}") from error
    try:
        part.chmod(0o755)
        for path, text in files.items():
            (part / path).parent.mkdir(parents=True, exist_ok=True)
            (part / path).write_text(text, encoding="utf-8")
        part.replace(folder)  # in place of an empty folder, too
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, OSError):
            raise EobenchError(f"{str(folder)!r} cannot be written: {error.strerror or error}") from error
        raise


def _module(name: str) -> str:
    return name.replace("-", "_")


def _quoted(folder: Path) -> str:
    import shlex

    return shlex.quote(str(folder))
