"""Spaces of several families: one list of architectures, each counted as its family counts it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from bort.cli.main import bort
from bort.core.architecture import Architecture
from bort.core.errors import InvalidArchitectureError, InvalidSpaceError
from bort.families import (
    MAX_COMBINATIONS,
    FamilySpace,
    SearchSpace,
    UnionSpace,
    load_space,
    operation_terms_of,
    parse_space,
)

TEXT = """
[[families]]
family = "static"
[families.dimensions]
vocabulary = [20, 10]
hidden = [4, 8]

[[families]]
family = "bert"
[families.dimensions]
depth = [1, 2]
heads = [2, 3]
hidden = [6, 8]
intermediate = [8]
[families.fixed]
vocabulary = 30
positions = 64
"""


@pytest.fixture
def space() -> SearchSpace:
    return parse_space(TEXT, "both")


def test_architectures_are_those_of_the_families_in_their_order(space: SearchSpace) -> None:
    assert isinstance(space, UnionSpace)
    static, bert = space.parts
    assert len(space) == len(static) + len(bert) == 4 + 6  # 3 heads do not divide 8
    assert list(space.parameter_count) == [*static.parameter_count, *bert.parameter_count]
    assert list(space.operation_count(2, 9)) == [
        *static.operation_count(2, 9),
        *bert.operation_count(2, 9),
    ]
    ids = [space.architecture(index).id for index in range(len(space))]
    assert ids[:5] == ["static-10-4", "static-10-8", "static-20-4", "static-20-8", "bert-1-2-6-8"]
    assert [space.index(space.named(id_)) for id_ in ids] == list(range(len(space)))
    assert space.architecture(space.maximum).id == "bert-2-2-8-8"
    assert (space.vocabularies, space.positions) == ((10, 20), 64)
    assert np.bincount(space.families).tolist() == [4, 6]


def test_a_member_is_what_its_own_space_calls_it(space: SearchSpace) -> None:
    part, own = space.member(space.named("bert-2-3-6-8"))
    assert (part.family_name, own.id) == ("bert", "2-3-6-8")
    architecture = own.within("bert")
    assert architecture in space
    assert architecture.as_dict()["bert.depth"] == 2
    assert Architecture.of(**architecture.as_dict()) == architecture
    assert architecture.alone == own
    assert own not in space
    for wrong in ("2-3-6-8", "static-2-3-6-8", "bert-9-3-6-8", "bert", "", "static-10"):
        with pytest.raises(InvalidArchitectureError, match="an id is static-vocabulary-hidden or"):
            space.named(wrong)


def test_distances_are_within_a_family(space: SearchSpace) -> None:
    assert space.coordinates.shape == (10, 6)
    for place, part in enumerate(space.parts):
        rows = space.coordinates[space.families == place]
        own = [name.startswith(part.family_name) for name in space.dimensions]
        assert (rows[:, own] == part.coordinates).all()
        assert not rows[:, np.logical_not(own)].any()
    exponents = space.elasticities()["parameter_count"]
    assert (exponents["bert.hidden"], exponents["static.vocabulary"]) == (2, 1)


def test_a_family_without_bounds_has_none_in_a_union() -> None:
    small = load_space("small").elasticities()["parameter_count"]
    assert np.isnan(small["convolution.hidden"])
    assert small["static.hidden"] == 1


def test_features_of_latency_are_those_of_the_own_family(space: SearchSpace) -> None:
    terms = space.operation_terms(1, 9)
    for place, part in enumerate(space.parts):
        own = space.families == place
        for name, values in part.operation_terms(1, 9).items():
            assert (terms[f"{part.family_name}.{name}"][own] == values).all()
            assert not terms[f"{part.family_name}.{name}"][~own].any()
        assert (terms[f"{part.family_name}.constant"] == own).all()
    rows = [7, 0, 3, 9]
    some = operation_terms_of(
        space.family_name,
        space.fixed,
        [space.architecture(row).as_dict() for row in rows],
        batch_size=1,
        sequence_length=9,
    )
    assert {name: values.tolist() for name, values in some.items()} == {
        name: values[rows].tolist() for name, values in terms.items()
    }


def test_a_space_survives_json_and_keeps_its_digest(space: SearchSpace) -> None:
    again = SearchSpace.from_dict(json.loads(json.dumps(space.to_dict())))
    assert again == space
    assert again.digest == space.digest
    assert parse_space(TEXT.replace("20, 10", "10, 20"), "other").digest == space.digest
    assert parse_space(TEXT.replace("20, 10", "10, 30"), "other").digest != space.digest
    assert space.with_labels(5).parts[0].fixed["labels"] == 5


def test_the_command_shows_the_union_and_each_family() -> None:
    def shown(*given: str) -> str:
        result = CliRunner().invoke(
            bort, ["space", "show", "small", *given], catch_exceptions=False
        )
        assert result.exit_code == 0
        return result.output

    answer = json.loads(shown("--json"))
    assert SearchSpace.from_dict(answer) == load_space("small")
    assert answer["maximum"]["id"] == "bert-30522-6-6-384-1536"
    assert sum(part["architectures"] for part in answer["families"]) == answer["architectures"]
    text = shown()
    assert "together" in text
    assert "family convolution" in text


STATIC = '[[families]]\nfamily = "static"\n[families.dimensions]\n'
SIZES = "vocabulary = [10]\nhidden = [4]\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{STATIC}{SIZES}{STATIC}{SIZES}", "family 'static' is listed twice"),
        ("families = []", "no families"),
        ("families = 3", "must be a list of tables, got 3"),
        (f'family = "bert"\n{STATIC}{SIZES}', "unknown key 'family'; a space with"),
        ("[[families]]\n[families.dimensions]\ndepth = [1]", "the key 'family' is missing"),
        ('[[families]]\nfamily = "nothing"\n[families.dimensions]\ndepth = [1]', "'nothing'"),
        (f"{STATIC}{SIZES}depth = [1]", "family 'static': unknown dimension 'depth'"),
        (f"{STATIC}hidden = [4]\nvocabulary = []", "family 'static': dimension 'vocabulary' is"),
        (f"{STATIC}{SIZES}[families.fixed]\ntypes = 2", "family 'static': unknown fixed value"),
        ('[[families]]\nname = "a"\nfamily = "static"\n', "unknown key 'name'"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(text: str, said: str) -> None:
    with pytest.raises(InvalidSpaceError) as error:
        parse_space(text, "wrong")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_families_may_not_have_too_many_combinations_together() -> None:
    values = tuple(range(1, 1201))
    halves = [
        FamilySpace("x", "static", {"vocabulary": values, "hidden": values}),
        FamilySpace("x", "mlp", {"depth": values, "hidden": values}),
    ]
    with pytest.raises(InvalidSpaceError, match=f"at most {MAX_COMBINATIONS:,}"):
        UnionSpace("x", tuple(halves))
