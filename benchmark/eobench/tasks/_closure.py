"""The code behind a plugin object: a hash over the syntax trees of its module and of all that it imports.

A comment, a docstring or a blank line changes nothing; a helper, however deep, changes everything that uses it.
Nothing is imported for it: modules are found by path and parsed.

What counts is plugin code: modules of the package that holds the object, of any distribution that gives an
`eobench` entry point, and of any package outside the environment's libraries (a module given with `--plugin`).
What does not: the standard library, third-party libraries (their versions are in the row), and `eobench` itself,
which the protocol version covers.

A package's `__init__` counts only where a name is taken from it that it defines. A name that it merely passes on
is followed to where it is from, so that editing a card, or a card's summary, re-runs nothing. A file that a module
names in a text constant (`"canopy_table.npz"`) and that lies beside it counts by its content. A module whose name
is put together at run time cannot be seen.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import site
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from eobench.plugin import PluginError
from eobench.tasks._canonical import digest

_CORE = "eobench"
_MAX_CONSTANT = 100


@dataclass(frozen=True, slots=True)
class _Module:
    """A parsed file.

    Attributes:
        hash: of the syntax tree, docstrings removed, and of the files that it names.
        imports: (module, name or None) of every import; None: the module itself.
        binds: where each top-level name is from: (module, name); names defined here are not listed.
        defines: top-level names that are defined here.
    """

    hash: str
    imports: tuple[tuple[str, str | None], ...]
    binds: dict[str, tuple[str, str | None]]
    defines: frozenset[str]


def code_closure(load: str) -> str:
    """Return the hash of the code behind `module:attribute`, hex.

    Raises:
        PluginError: the module is not there, or is not Python source.
    """
    return digest(closure_modules(load))


def closure_modules(load: str) -> dict[str, str]:
    """Return the hash of each module behind `module:attribute`, by its dotted name; `code_closure` hashes them.

    Raises:
        PluginError: the module is not there, or is not Python source.
    """
    name = load.partition(":")[0]
    found: dict[str, str] = {}
    home = name.partition(".")[0]
    todo: list[tuple[str, str | None]] = [(name, None)]
    if _file(name) is None:
        raise PluginError(f"{load!r}: there is no Python file of the module {name!r}")
    seen: set[tuple[str, str | None]] = set()
    while todo:
        target = todo.pop()
        if target in seen:
            continue
        seen.add(target)
        module, wanted = _step(*target, home)
        todo += wanted
        if module is not None and module not in found:
            parsed = _parsed(module)
            found[module] = parsed.hash
            todo += parsed.imports
    return found


def _step(name: str, attribute: str | None, home: str) -> tuple[str | None, list[tuple[str, str | None]]]:
    """Resolve one import: the module whose code counts (if any), and what to follow instead or besides."""
    if not _is_plugin(name.partition(".")[0], home) or _file(name) is None:
        return None, []
    if attribute is None:
        return name, []
    if attribute != "*" and _file(f"{name}.{attribute}") is not None:
        return f"{name}.{attribute}", []
    module = _parsed(name)
    if _is_package(name) and attribute in module.binds and attribute not in module.defines:
        return None, [module.binds[attribute]]
    return name, []


def package_hash(folder: Path) -> str:
    """Return the hash of all Python files of a folder, by their syntax trees; for the protocol's test."""
    files = sorted(folder.rglob("*.py"))
    return digest({path.relative_to(folder).as_posix(): _parse(path, "", False).hash for path in files})


@cache
def _is_plugin(top: str, home: str) -> bool:
    if top == _CORE or top in sys.stdlib_module_names:
        return False
    if top == home or top in _plugin_packages():
        return True
    spec = _top(top)
    places = [spec.origin] if spec is not None and spec.origin else []
    places += list(spec.submodule_search_locations or []) if spec is not None else []
    return bool(places) and not any(
        Path(place).resolve().is_relative_to(lib) for place in places for lib in _libraries()
    )


@cache
def _plugin_packages() -> frozenset[str]:
    """Top-level packages of the distributions that give plugins."""
    found: set[str] = set()
    for point in importlib.metadata.entry_points(group=_CORE):
        found.add(point.module.partition(".")[0])
        for file in (point.dist.files if point.dist else None) or ():
            if file.suffix == ".py":
                found.add(file.parts[0].removesuffix(".py"))
    return frozenset(found - {_CORE})


@cache
def _libraries() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    found = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    found |= {*site.getsitepackages(), site.getusersitepackages()}
    return tuple(sorted(Path(path).resolve() for path in found))


def _top(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)  # a top-level name: nothing is imported
    except (ImportError, ValueError):
        return PathFinder.find_spec(name)


def _spec(name: str) -> ModuleSpec | None:
    """Find a module by path, importing neither it nor its parents."""
    parent, _, _ = name.rpartition(".")
    if not parent:
        return _top(name)
    above = _spec(parent)
    if above is None or not above.submodule_search_locations:
        return None
    return PathFinder.find_spec(name, list(above.submodule_search_locations))


def _file(name: str) -> Path | None:
    spec = _spec(name)
    origin = spec.origin if spec is not None else None
    return Path(origin) if origin and origin.endswith(".py") else None


def _is_package(name: str) -> bool:
    spec = _spec(name)
    return spec is not None and spec.submodule_search_locations is not None


def _parsed(name: str) -> _Module:
    path = _file(name)
    if path is None:
        raise PluginError(f"there is no Python file of the module {name!r}")
    return _parse(path, name, _is_package(name))


def _parse(path: Path, name: str, package: bool) -> _Module:
    stat = path.stat()
    return _parse_file(path, stat.st_size, stat.st_mtime_ns, name, package)


@lru_cache(maxsize=4096)
def _parse_file(path: Path, size: int, mtime_ns: int, name: str, package: bool) -> _Module:  # noqa: ARG001
    """Parse a file; size and time of change are there for the cache."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError) as error:
        raise PluginError(f"{name or path}: not Python: {error}") from error
    imports = tuple(_imports(tree, name, package))
    binds: dict[str, tuple[str, str | None]] = {}
    defines: set[str] = set()
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom):
            source = _absolute(statement, name, package)
            binds |= {alias.asname or alias.name: (source, alias.name) for alias in statement.names}
        else:
            defines |= set(_bound(statement))
    beside = {
        text: hashlib.sha256((path.parent / text).read_bytes()).hexdigest() for text in _named_files(tree, path)
    }
    return _Module(digest([_normal(tree), beside]), imports, binds, frozenset(defines))


def _imports(tree: ast.AST, name: str, package: bool) -> Iterator[tuple[str, str | None]]:
    """Yield every import of a module that runs, those inside functions too."""
    for node in _running(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None
                if alias.asname is None and "." in alias.name:  # `import a.b` binds `a`, whose names may be used
                    yield alias.name.partition(".")[0], None
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(node, name, package)
            yield from ((source, alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and _import_by_name(node):
            yield str(node.args[0].value), None  # type: ignore[attr-defined]


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree, leaving out what only type checkers read."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            todo += node.orelse
        else:
            todo += ast.iter_child_nodes(node)


def _is_type_checking(test: ast.expr) -> bool:
    return getattr(test, "id", getattr(test, "attr", None)) == "TYPE_CHECKING"


def _import_by_name(call: ast.Call) -> bool:
    function = getattr(call.func, "id", getattr(call.func, "attr", None))
    first = call.args[0] if call.args else None
    named = isinstance(first, ast.Constant) and isinstance(first.value, str)
    return named and function in ("import_module", "__import__")


def _absolute(node: ast.ImportFrom, name: str, package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    parts = parts[: len(parts) - node.level + (1 if package else 0)]
    return ".".join([*parts, node.module] if node.module else parts)


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a top-level statement binds, other than by `from ... import`."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _named_files(tree: ast.AST, path: Path) -> Iterator[str]:
    seen = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in seen:
            text = node.value
            seen.add(text)
            plain = len(text) <= _MAX_CONSTANT and "." in text and text.isprintable() and not text.endswith(".py")
            if plain and not set(text) & set("/\\") and (path.parent / text).is_file():
                yield text


def _normal(node: object) -> object:
    """Return a syntax tree as JSON values, without positions, docstrings and empty fields.

    `ast.dump` differs between versions of Python (fields are added, empty ones left out); this does not, so that
    boards of two machines merge.
    """
    if isinstance(node, list):
        return [_normal(item) for item in node]
    if not isinstance(node, ast.AST):
        return node if isinstance(node, str | int | bool | None) and not isinstance(node, float) else repr(node)
    made: list[object] = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        if (
            name in ("kind", "type_comment", "ctx")
            or (value is None and not isinstance(node, ast.Constant))
            or value == []
        ):
            continue
        if name == "body" and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            value = _without_docstring(value)
        made.append([name, _normal(value)])
    return made


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return body[1:]
    return body
