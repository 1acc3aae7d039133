"""The registry finds plugins, names the broken ones, and refuses what is ambiguous."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from eobench.plugin import Places, PluginError, Registry, UnknownNameError, discover

CARD = """
from eobench.plugin import MethodCard, hookimpl

@hookimpl
def eobench_methods():
    return [MethodCard(name={name!r}, summary="a toy", load="nowhere:Nothing", levels=("full",))]
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def write(module: str, text: str) -> str:
        (tmp_path / f"{module}.py").write_text(text)
        made.append(module)
        return module

    yield write
    for module in made:
        sys.modules.pop(module, None)


def found(tmp_path: Path, *modules: str) -> Registry:
    return discover(Places(None, tmp_path), modules, entry_points=False)


def test_a_module_given_by_name_puts_its_cards_on_the_shelf(plugin, tmp_path):
    registry = found(tmp_path, plugin("toy_one", CARD.format(name="alpha")))
    assert registry.methods["alpha"].summary == "a toy"
    assert registry.methods.owner("alpha") == "toy_one"


def test_a_broken_plugin_is_listed_with_its_reason_and_harms_nobody(plugin, tmp_path):
    registry = found(
        tmp_path,
        plugin("toy_broken", "import a_module_that_is_not_there"),
        plugin("toy_good", CARD.format(name="alpha")),
    )
    assert list(registry.methods) == ["alpha"]
    assert [p.name for p in registry.broken] == ["toy_broken"]
    assert "a_module_that_is_not_there" in str(registry.broken[0].broken)


def test_a_hook_that_raises_makes_its_plugin_broken_and_shelves_nothing_of_it(plugin, tmp_path):
    text = CARD.format(name="alpha") + "\n@hookimpl\ndef eobench_metrics():\n    raise ValueError('no luck')\n"
    registry = found(tmp_path, plugin("toy_raises", text), plugin("toy_good", CARD.format(name="beta")))
    assert list(registry.methods) == ["beta"]
    assert "no luck" in str(registry.broken[0].broken)


def test_two_plugins_with_one_name_are_an_error_that_names_both(plugin, tmp_path):
    one, two = plugin("toy_one", CARD.format(name="alpha")), plugin("toy_two", CARD.format(name="alpha"))
    with pytest.raises(PluginError, match=r"'alpha'.*'toy_one' and 'toy_two'"):
        found(tmp_path, one, two)


def test_a_misspelt_hook_is_an_error_that_names_plugin_hook_and_nearest(plugin, tmp_path):
    text = CARD.format(name="alpha").replace("eobench_methods", "eobench_method")
    with pytest.raises(PluginError, match=r"'toy_typo'.*'eobench_method'.*Did you mean 'eobench_methods'"):
        found(tmp_path, plugin("toy_typo", text))


def test_a_misspelt_hook_without_its_mark_is_an_error_too(plugin, tmp_path):
    text = CARD.format(name="alpha").replace("eobench_methods", "eobench_metods").replace("@hookimpl\n", "")
    with pytest.raises(PluginError, match="eobench_metods"):
        found(tmp_path, plugin("toy_typo", text))


def test_a_hook_without_its_mark_is_an_error_rather_than_silence(plugin, tmp_path):
    text = CARD.format(name="alpha").replace("@hookimpl\n", "")
    with pytest.raises(PluginError, match="not marked with @hookimpl"):
        found(tmp_path, plugin("toy_unmarked", text))


def test_an_unknown_name_is_answered_with_the_nearest(plugin, tmp_path):
    registry = found(tmp_path, plugin("toy_one", CARD.format(name="random-forest")))
    with pytest.raises(UnknownNameError, match="Did you mean 'random-forest'"):
        registry.methods["random-forst"]


def test_our_own_plugins_come_in_through_entry_points_and_none_is_broken(tmp_path):
    registry = discover(Places(None, tmp_path))
    assert registry.broken == ()
    assert {"ncc", "random-forest", "kmeans", "supervised", "dllp"} <= set(registry.methods)
    assert {"bilstm", "inceptiontime", "transformer"} <= set(registry.base_models)
    assert "simulated-fields" in registry.datasets


def test_every_card_of_ours_loads_what_it_describes(tmp_path):
    registry = discover(Places(None, tmp_path))
    for shelf in (registry.methods, registry.base_models, registry.metrics, registry.datasets, registry.executors):
        for card in shelf.values():
            assert callable(card.load_object()), card.name


def test_a_card_that_points_nowhere_says_so_when_it_is_used(plugin, tmp_path):
    registry = found(tmp_path, plugin("toy_one", CARD.format(name="alpha")))
    with pytest.raises(PluginError, match=r"alpha: cannot load 'nowhere:Nothing'"):
        registry.methods["alpha"].load_object()


def test_an_installed_plugin_may_be_named_with_plugin_too(tmp_path):
    registry = discover(Places(None, tmp_path), ["eobench_prototypes"])
    assert "ncc" in registry.methods
    assert [p.module for p in registry.plugins].count("eobench_prototypes") == 1


def test_a_module_in_this_folder_that_is_on_no_path_is_told_so(tmp_path, monkeypatch):
    (tmp_path / "my_mod.py").write_text("")
    monkeypatch.chdir(tmp_path)
    found = discover(Places(None, tmp_path), ["my_mod", "other_mod"], entry_points=False).plugins
    states = {state.name: state for state in found}
    assert "my_mod.py is in this folder" in states["my_mod"].broken
    assert "PYTHONPATH=." in states["my_mod"].broken
    assert "folder" not in states["other_mod"].broken
