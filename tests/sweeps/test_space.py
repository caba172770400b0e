"""What varies in a sweep, and how it is said on Hydra's command line."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from vsr.config.multirun import quoted, space_of
from vsr.errors import ConfigError
from vsr.sweeps.space import Interval, Space

PARSER = OverridesParser.create()


def space(*words: str) -> Space:
    return space_of(PARSER.parse_overrides(list(words)))


def test_one_value_is_fixed_and_several_vary():
    found = space("loss=supcon", "model.width=16,32", "+trainer.x=range(1,4)", "~rerank", "a=[1,2]")
    assert found.fixed == ["loss=supcon", "~rerank", "a=[1,2]"]
    assert found.told() == {"model.width": {"choices": [16, 32]}, "trainer.x": {"choices": [1, 2, 3]}}
    point = {"model.width": "32", "+trainer.x": "2"}
    assert found.words(point)[-2:] == ["model.width=32", "+trainer.x=2"]
    assert found.values(point) == {"model.width": 32, "trainer.x": 2}


@pytest.mark.parametrize(
    ("word", "interval"),
    [
        ("x=interval(0,1)", Interval(0.0, 1.0)),
        ("x=tag(log,interval(1e-4,1e-2))", Interval(1e-4, 1e-2, log=True)),
        ("x=int(interval(16,256))", Interval(16, 256, whole=True)),
        ("x=tag(log,int(interval(16,256)))", Interval(16, 256, log=True, whole=True)),
    ],
)
def test_intervals(word, interval):
    assert space(word).varied == {"x": interval}


@pytest.mark.parametrize("word", ["x=interval(1,0)", "x=interval(1,1)", "x=tag(log,interval(-1,1))"])
def test_intervals_that_cannot_be(word):
    with pytest.raises(ConfigError, match="x="):
        space(word)


def test_the_last_key_of_a_grid_is_the_fastest():
    points = [tuple(point.values()) for point in space("a=1,2", "b=x,y").grid()]
    assert points == [("1", "x"), ("1", "y"), ("2", "x"), ("2", "y")]


def test_a_grid_of_nothing_is_one_job():
    assert list(space("a=1").grid()) == [{}]


def test_every_word_is_covered_by_as_few_points_as_there_are_words_of_one_key():
    points = list(space("a=1,2,3", "b=x,y", "c=interval(0,1)").cover())
    assert len(points) == 3
    assert {point["a"] for point in points} == {"1", "2", "3"}
    assert {point["b"] for point in points} == {"x", "y"}
    assert {point["c"] for point in points} == {0.0, 1.0}


def test_quoted_values_are_choices_without_their_quotes():
    found = space("name='a b','c=d'")
    assert found.told() == {"name": {"choices": ["a b", "c=d"]}}
    assert PARSER.parse_override(found.words(next(found.grid()))[0]).value() == "a b"


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])))
def test_any_text_survives_the_command_line(text):
    value = {"text": text, "more": [1, 2.5, True, None, {"again": text}]}
    assert PARSER.parse_override(f"+x={quoted(value)}").value() == value
