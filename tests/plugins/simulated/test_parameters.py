"""Parameters are checked before anything is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eobench.plugin import Param, ParameterError
from eobench_simulated._crops import CROPS
from eobench_simulated._generate import generate
from eobench_simulated._parameters import CLASSES, OPTIONS, parse_parameters


def test_the_defaults_are_allowed() -> None:
    parameters = parse_parameters()
    assert parameters.samples == 6000
    assert parameters.class_names == CLASSES[:8]


def test_every_class_has_a_crop() -> None:
    assert set(CLASSES) == set(CROPS)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
@pytest.mark.parametrize("end", ["minimum", "maximum"])
def test_a_value_beyond_its_limit_is_named_with_what_is_allowed(option: Param, end: str) -> None:
    limit = getattr(option, end)
    value = limit - 1 if end == "minimum" else limit + 1
    with pytest.raises(ParameterError, match=rf"{option.name}.*{value}.*{re.escape(option.allowed)}"):
        parse_parameters({option.name: value})


@pytest.mark.parametrize("value", ["many", 6000.5, None, True, float("nan")])
def test_a_value_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(ParameterError, match=r"samples.*whole number"):
        parse_parameters({"samples": value})


def test_an_unknown_parameter_is_named_with_the_nearest() -> None:
    with pytest.raises(ParameterError, match=r"cloudfraction.*cloud_fraction"):
        parse_parameters({"cloudfraction": 0.1})


def test_too_few_samples_for_the_regions_say_how_many_it_takes() -> None:
    with pytest.raises(ParameterError, match=r"samples.*1000.*100 regions.*2400"):
        parse_parameters({"samples": 1000, "regions": 100})
    assert parse_parameters({"samples": 2400, "regions": 100}).regions == 100


def test_nothing_is_written_for_a_wrong_parameter(tmp_path: Path) -> None:
    with pytest.raises(ParameterError):
        generate({"noise": -1}, tmp_path)
    assert not list(tmp_path.iterdir())
