"""A plugin takes from another only what that one makes public: modules without a leading underscore."""

import ast
from collections.abc import Iterator
from pathlib import Path

PLUGINS = Path(__file__).parents[2] / "plugins"
PACKAGES = sorted(path.name for path in PLUGINS.iterdir() if (path / "__init__.py").is_file())


def imports(package: str) -> Iterator[tuple[str, str]]:
    """Yield each file of a package with each module that it imports from another plugin."""
    for file in sorted((PLUGINS / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                home = node.module.partition(".")[0]
                if home in PACKAGES and home != package:
                    yield str(file.relative_to(PLUGINS)), node.module


def test_plugins_take_only_what_others_make_public():
    found = [pair for package in PACKAGES for pair in imports(package)]
    assert len(found) > 30  # they do build on one another
    assert [(file, module) for file, module in found if "._" in module] == []
