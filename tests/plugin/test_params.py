"""Options are declared once and checked everywhere; selectors read back what they print."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eobench.plugin import Param, ParameterError, RunContext, Selector, SelectorError, format_value, parse_value
from eobench.plugin._params import resolve

PARAMS = (
    Param("trees", 300, "number of trees", minimum=1),
    Param("rate", 0.1, "learning rate", minimum=0, maximum=1),
    Param("scaling", "band", "what is scaled", choices=("band", "feature")),
    Param("depth", None, "largest depth", kind=int),
    Param("fast", True, "shortcut"),
)


def test_defaults_fill_what_was_not_given():
    assert resolve(PARAMS, {"trees": 10}, "forest") == {
        "trees": 10,
        "rate": 0.1,
        "scaling": "band",
        "depth": None,
        "fast": True,
    }


@pytest.mark.parametrize(
    ("given_values", "words"),
    [
        ({"tres": 3}, "Did you mean 'trees'"),
        ({"trees": 0}, "at least 1"),
        ({"trees": 2.5}, "whole number"),
        ({"trees": True}, "whole number"),
        ({"trees": None}, "whole number"),
        ({"rate": 2}, "from 0 to 1"),
        ({"rate": float("nan")}, "from 0 to 1"),
        ({"scaling": "bands"}, "'band', 'feature'"),
        ({"fast": "yes"}, "true or false"),
    ],
)
def test_a_wrong_option_is_refused_with_what_is_allowed(given_values, words):
    with pytest.raises(ParameterError, match=words) as caught:
        resolve(PARAMS, given_values, "forest")
    assert str(caught.value).startswith("forest: ")


def test_whole_numbers_are_good_enough_for_a_real_option_and_become_real():
    value = resolve(PARAMS, {"rate": 1}, "forest")["rate"]
    assert value == 1.0
    assert isinstance(value, float)


def test_an_option_without_default_may_be_null():
    assert resolve(PARAMS, {"depth": None}, "forest")["depth"] is None
    assert resolve(PARAMS, {"depth": 3}, "forest")["depth"] == 3


@pytest.mark.parametrize("text", ["", "a[", "a[b]", "a[b=1,b=2]", "a]b[", "[x=1]", "a[=1]", "a b"])
def test_what_is_no_selector_is_refused(text):
    with pytest.raises(SelectorError):
        Selector.parse(text)


def test_not_a_number_is_text_and_so_no_number_option_takes_it():
    assert parse_value("nan") == "nan"
    with pytest.raises(ParameterError):
        resolve(PARAMS, {"rate": parse_value("inf")}, "forest")


def test_a_selector_types_values_as_yaml_would():
    assert Selector.parse("a[b=1, c=0.5,d=true,e=null,f=s2+s1]").params == {
        "b": 1,
        "c": 0.5,
        "d": True,
        "e": None,
        "f": "s2+s1",
    }


WORDS = st.text("abcdefgh_", min_size=1, max_size=6).filter(lambda w: w not in ("true", "false", "null"))
VALUES = st.one_of(st.booleans(), st.integers(-1000, 1000), st.none(), WORDS, st.floats(-1e6, 1e6))


@given(WORDS.filter(lambda w: w[0] != "_"), st.dictionaries(WORDS, VALUES, max_size=4))
def test_a_selector_reads_back_what_it_prints(name, params):
    assert Selector.parse(str(Selector(name, params))) == Selector(name, params)


@given(VALUES)
def test_a_value_reads_back_what_it_prints(value):
    assert parse_value(format_value(value)) == value


def test_a_run_gives_every_name_its_own_generator_and_the_same_one_again():
    run = RunContext(seed=3)
    assert run.generator("a").random() == RunContext(seed=3).generator("a").random()
    assert run.generator("a").random() != run.generator("b").random()
    assert run.generator("a").random() != RunContext(seed=4).generator("a").random()
