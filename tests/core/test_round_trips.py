"""Commands read what commands print: text, options and descriptions mean the same."""

import shlex
from collections.abc import Callable
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.cli import options
from bort.core.agora import TextSpec, TorusSpec
from bort.core.errors import InvalidFieldError
from bort.core.fields import Field, Part, arguments, fields_of, read
from bort.core.finetune import FineTuneSpec, Recipe
from bort.core.kinds import (
    Choice,
    Conditions,
    Flag,
    Kind,
    Number,
    PerDimension,
    Several,
    Text,
    Weights,
    Whole,
)
from bort.core.measuring import MeasureSpec
from bort.core.question import Question
from bort.core.study import (
    SPACE,
    LatencySpec,
    SearchSpec,
    StudySpec,
    TaskSpec,
    TrainingSpec,
)
from bort.studies import parts
from bort.studies.commands import search_command

DESCRIPTIONS = (
    *(TaskSpec, TrainingSpec, LatencySpec, MeasureSpec, Question, SearchSpec),
    *(Recipe, FineTuneSpec, TorusSpec, TextSpec),
)
EXACT = {"allow_nan": False, "allow_infinity": False, "allow_subnormal": False}
WORDS = st.text("abc XYZ_-./'\"$äλ=", min_size=1, max_size=8).filter(
    lambda text: text == text.strip() and text
)

COLUMNS = WORDS.filter(lambda text: "=" not in text)


def values(kind: Kind) -> st.SearchStrategy[Any]:
    """Generate values for a field of this kind."""
    match kind:
        case Whole():
            return st.integers(kind.least, kind.most or 10_000)
        case Number():
            most = kind.most or 1e6
            ends = {"exclude_min": kind.is_open, "exclude_max": kind.is_open}
            return st.floats(kind.least, most, **ends, **EXACT)
        case Weights():
            weight = st.floats(0, kind.most, **EXACT)
            return st.tuples(weight, weight, weight).filter(any)
        case PerDimension():
            number = st.floats(0, kind.most, **EXACT)
            names = st.sampled_from(["depth", "heads", "hidden"])
            return number | st.dictionaries(names, number, min_size=1)
        case Choice():
            return st.sampled_from(list(kind.choices))
        case Flag():
            return st.booleans()
        case Several():
            parts_ = values(kind.of)
            least, most = max(1, kind.least), kind.most or 3
            return st.lists(parts_, min_size=least, max_size=most).map(tuple)
        case Conditions():
            condition = st.builds("{}{}{}".format, COLUMNS, st.sampled_from(["=", "!="]), WORDS)
            return st.lists(condition, min_size=1, max_size=3).map(tuple)
        case Text():
            return WORDS
    raise NotImplementedError(kind)


def descriptions(part: Part[Any], **more: Any) -> st.SearchStrategy[Any]:
    """Generate descriptions that a part's options can express."""

    def one(field: Field) -> st.SearchStrategy[Any]:
        found = values(field.kind)
        return found if field.default is not None else found | st.none()

    asked = {field.name: one(field) for field in part.fields.values()}
    return st.fixed_dictionaries(asked).map(lambda found: part.description(**found, **more))


def from_terminal(words: list[str], *asked: Part[Any]) -> dict[str, Any]:
    """Return what a command with these parts' options reads."""
    command = options.asks(*asked)(lambda **_: None)
    made = click.command(cls=options.Command)(command)
    with made.make_context("command", list(words)) as context:
        return read(context.params, *asked)


PARTS: dict[str, tuple[Part[Any], dict[str, Any]]] = {
    "task": (parts.TASK, {}),
    "question": (parts.QUESTION, {}),
    "training": (parts.TRAINING, {}),
    "latency": (parts.LATENCY, {}),
    "measurement": (parts.MEASURE, {"space": {"name": "bort"}, "latency": LatencySpec()}),
    "workload": (parts.WORKLOAD, {}),
    "recipe": (parts.RECIPE, {}),
    "torus": (parts.AGORA_TORUS, {}),
}


@pytest.mark.parametrize("name", PARTS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_description_survives_the_terminal(name: str, data: st.DataObject) -> None:
    part, more = PARTS[name]
    description = data.draw(descriptions(part, **more))
    words = arguments(part.given(description), part)
    again = shlex.split(shlex.join(words))
    assert part.build(from_terminal(again, part), **more) == description


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_copied_command_searches_the_same_study(data: st.DataObject) -> None:
    training = data.draw(descriptions(parts.TRAINING))
    latency = data.draw(descriptions(parts.LATENCY))
    spec = StudySpec(
        name="mine",
        space={"name": SPACE},
        task=data.draw(descriptions(parts.TASK)),
        training=training,
        # One option sets the threads for both.
        latency=LatencySpec(**{**latency.to_dict(), "threads": training.threads}),
        search=SearchSpec(question=data.draw(descriptions(parts.QUESTION)), budget=5, seed=3),
    )
    words = shlex.split(search_command(spec))
    assert words[:4] == ["bort", "search", "--study", "mine"]
    asked = from_terminal(words[4:], *parts.SEARCH)
    question = parts.QUESTION.build(asked)
    assert parts.TASK.build(asked) == spec.task
    assert parts.TRAINING.build(asked) == spec.training
    assert parts.LATENCY.build(asked) == spec.latency
    assert parts.BUDGET.build(asked, question=question) == spec.search
    assert StudySpec.from_dict(spec.to_dict()) == spec


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_every_default_may_be_held_and_is_explained(description: type) -> None:
    for field in fields_of(description).values():
        assert field.check(field.default) == field.default
        assert field.label
        assert field.help.endswith((".", ")")), field.name
        if field.default is not None:
            assert field.parse(field.kind.format(field.default)) == field.default or field.empty


@pytest.mark.parametrize("description", DESCRIPTIONS)
def test_examples_in_messages_can_be_used(description: type) -> None:
    for field in fields_of(description).values():
        for example in filter(None, field.example.split(" or ")):
            field.parse(example)


WRONG: list[tuple[type, str, Any]] = [
    (Question, "epsilon", 0),
    (Question, "epsilon", float("nan")),
    (Question, "epsilon", True),
    (Question, "weights", (0, 0, 0)),
    (Question, "weights", (1, 1)),
    (Question, "weights", (1, 1, 51)),
    (Question, "lipschitz", {}),
    (Question, "lipschitz", {"depth": -1.0}),
    (Question, "confidence", 1),
    (Question, "goal", "win"),
    (TrainingSpec, "steps", 0),
    (TrainingSpec, "steps", 1.0),
    (TrainingSpec, "batch_size", 4097),
    (TrainingSpec, "learning_rates", (1.0,)),
    (TaskSpec, "task", " "),
    (TaskSpec, "text", ()),
    (TaskSpec, "text", ("a", "b", "c")),
    (SearchSpec, "seed", 2**31),
    (Recipe, "stages", ()),
    (Recipe, "hard", 1.5),
    (TorusSpec, "radius", 0.0),
    (TorusSpec, "learner", "x"),
]


@pytest.mark.parametrize(("description", "name", "value"), WRONG)
def test_no_description_holds_what_it_may_not(description: type, name: str, value: Any) -> None:
    with pytest.raises(InvalidFieldError, match="must be") as caught:
        description(**{name: value})
    assert caught.value.field == name
    assert "\n" not in str(caught.value)


READ: list[tuple[Kind, str, Any]] = [
    (Whole(), "12", 12),
    (Number(), "1e-3", 0.001),
    (PerDimension(1e9), "depth=0.1, hidden=0.3", {"depth": 0.1, "hidden": 0.3}),
    (Several(Text(), "texts"), "a, b,,c ", ("a", "b", "c")),
    (Several(Text(), "texts", nothing="none"), "none", ()),
]


@pytest.mark.parametrize(("kind", "text", "value"), READ)
def test_people_s_ways_of_writing_are_read(kind: Kind, text: str, value: Any) -> None:
    assert kind.parse(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Whole(), "1_000"),
        (Whole(), "٣"),
        (Whole(), "1.0"),
        (PerDimension(1.0), "depth=1,depth=2"),
        (PerDimension(1.0), "depth="),
        (Weights(50), "1,x,1"),
    ],
)
def test_what_nobody_means_is_refused(kind: Kind, text: str) -> None:
    field = Field("it", 1, kind, "It", "It.", "", "it", "", is_advanced=False)
    with pytest.raises(InvalidFieldError, match="it must be"):
        field.parse(text)


def test_a_preset_holds_what_its_options_may() -> None:
    fields = {option: one for part in parts.SEARCH for option, one in part.fields.items()}
    for preset in parts.PRESETS.values():
        for option, value in preset.items():
            fields[option].check(value)


COMMANDS: dict[str, Callable[[], tuple[Part[Any], ...]]] = {
    "search": lambda: parts.SEARCH,
    "torus": lambda: parts.TORUS_RUN,
    "texts": lambda: parts.TEXT_RUN,
    "fine-tuning": lambda: (parts.FINETUNE_TASK, parts.RECIPE, parts.FINETUNE),
    "measurement": lambda: (parts.MEASURE, parts.WORKLOAD),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_two_fields_of_a_command_share_an_option(name: str) -> None:
    names = [option for part in COMMANDS[name]() for option in part.fields]
    shared = {"threads"} if name == "search" else set()
    assert {option for option in names if names.count(option) > 1} == shared
