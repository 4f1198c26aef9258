"""Fitted families and perceptrons against models that are really built."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bort.core.architecture import Architecture
from bort.core.errors import InvalidSpaceError, MissingExtraError
from bort.families import (
    FAMILY_NAMES,
    PARTS,
    FamilySpace,
    SearchSpace,
    family,
    load_space,
    parse_space,
)
from bort.families.making import fit_transformers
from bort.families.making.fit_transformers import definition_toml, fit_definition
from bort.families.making.fitting import verify
from bort.families.making.instances import Instances
from bort.families.polynomial import Polynomial
from bort.families.transformers_family import FITTED_NAMES, fitted_family

SMALL = {"depth": (1, 2), "heads": (2, 4), "hidden": (96, 160), "intermediate": (64, 100)}


def columns_of(architecture: Architecture) -> dict[str, np.ndarray]:
    return {name: np.array([value]) for name, value in architecture.as_dict().items()}


@pytest.mark.parametrize("name", FITTED_NAMES)
def test_shipped_polynomials_are_those_of_built_models(name: str) -> None:
    definition = fitted_family(name).definition
    instances = Instances(
        name, definition["fields"], definition["defaults"], is_image=bool(definition["tokens"])
    )
    points = [
        {"depth": 3, "heads": 4, "hidden": 96, "intermediate": 111, "labels": 5},
        {"depth": 1, "heads": 8, "hidden": 160, "intermediate": 600, "labels": 2},
    ]
    for what in ("parameters", "operations"):
        for part in PARTS:
            verify(
                lambda point, key=(what, part): instances(point)[key],
                Polynomial.parse(definition[what][part]),
                [
                    {**definition["defaults"], **point, "batch": turn, "sequence": 6 + turn}
                    for turn, point in enumerate(points, start=1)
                ],
            )


@pytest.mark.parametrize("name", FITTED_NAMES)
def test_a_space_of_each_fitted_family(name: str) -> None:
    space = FamilySpace("any", name, SMALL)
    kind = space.family
    index = len(space) // 2
    model = kind.build(space.architecture(index), space.fixed, num_labels=2)
    assert space.parameter_count[index] == sum(p.numel() for p in model.parameters())
    assert kind.config(space.architecture(index), space.fixed, num_labels=7).num_labels == 7
    expected = {"depth": 1, "heads": 0, "hidden": 2, "intermediate": 1}
    assert kind.elasticities()["operation_count"] == expected
    assert kind.elasticities()["operation_terms"] == expected | {"heads": 1}


def test_families_share_the_names_of_latency_features() -> None:
    work = {"batch_size": 1, "sequence_length": 8}
    bert, distilbert = (FamilySpace("any", name, SMALL) for name in ("bert", "distilbert"))
    ours, theirs = bert.operation_terms(**work), distilbert.operation_terms(**work)
    assert ours.keys() - theirs.keys() == {"pooler"}  # fitted families count it with the head
    for name in ("layers", "projections", "attention", "softmax", "ffn", "elementwise"):
        assert ours[name].tolist() == theirs[name].tolist()


def test_electra_is_refused_where_a_layer_vanishes() -> None:
    dimensions = {**SMALL, "hidden": (96, 128)}
    with pytest.raises(InvalidSpaceError, match="hidden=128 equals embedding=128"):
        FamilySpace("any", "electra", dimensions)
    assert len(FamilySpace("any", "electra", dimensions, {"embedding": 64})) == 16


def test_a_fit_notices_where_a_layer_vanishes() -> None:
    fixed = {"depth": 1, "heads": 4, "intermediate": 8}
    fitted = fit_definition("electra", {"hidden": (96,)}, fixed)
    assert fitted["distinct"] == [["embedding", "hidden"]]
    assert fitted_family("albert").definition["distinct"] == []  # it keeps its projection


def test_a_model_type_is_fitted_when_its_space_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "narrow.toml"
    path.write_text(
        'family = "camembert"\n[dimensions]\ndepth = [1, 3]\nheads = [4]\nhidden = [96]\n'
        "[fixed]\nintermediate = 64\n",
        encoding="utf-8",
    )
    space = load_space(str(path))
    model = space.family.build(space.architecture(1), space.fixed)
    embedding = sum(p.numel() for p in model.roberta.embeddings.parameters())
    everything = sum(p.numel() for p in model.parameters())
    assert space.parameter_count[1] == everything
    assert space.effective_parameter_count[1] == everything - embedding
    stored = json.loads(json.dumps(space.to_dict()))
    assert SearchSpace.from_dict(stored) == space
    stored["fixed"]["intermediate"] = 128
    with pytest.raises(InvalidSpaceError, match="was fitted with 64"):
        SearchSpace.from_dict(stored)


def test_a_fixed_size_of_the_configuration_is_fitted_anew() -> None:
    space = parse_space(
        'family = "vit"\n[dimensions]\ndepth = [1]\nheads = [2]\nhidden = [96]\n'
        "intermediate = [8]\n[fixed]\nimage_size = 32\npatch_size = 8\n",
        "patches",
    )
    model = space.family.build(space.architecture(0), space.fixed)
    assert space.parameter_count[0] == sum(p.numel() for p in model.parameters())
    assert space.definition is not None
    assert space.definition["tokens"] == 17


def test_a_field_of_the_configuration_can_be_a_dimension() -> None:
    space = parse_space(
        'family = "llama"\n[dimensions]\nhidden = [64, 128]\nnum_key_value_heads = [1, 2, 4]\n'
        "[fixed]\nheads = 4\ndepth = 1\nintermediate = 32\nvocabulary = 100\n",
        "grouped",
    )
    for index in range(len(space)):
        model = space.family.build(space.architecture(index), space.fixed)
        assert space.parameter_count[index] == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("model_type", "dimensions", "fixed", "message"),
    [
        ("nonsense", {"depth": (1,)}, {}, "unknown family 'nonsense'; choose one of bert"),
        ("t5", {"depth": (1,)}, {}, "'t5' is an encoder-decoder"),
        ("vit", SMALL, {"image_sise": 3}, "no integer size 'image_sise'"),
        ("gpt2", {"n_layer": (1,)}, {}, "write 'depth' in place of 'n_layer'"),
        ("bert", {"hidden_act": (1,)}, {}, "no integer size 'hidden_act'"),
        ("mobilebert", SMALL, {}, "'mobilebert' cannot be built or run at"),
        ("resnet", {"depth": (1,)}, {}, "'resnet' has no heads|'resnet' has no depth"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    model_type: str, dimensions: dict[str, tuple[int, ...]], fixed: dict[str, int], message: str
) -> None:
    with pytest.raises(InvalidSpaceError, match=message) as caught:
        fit_definition(model_type, dimensions, fixed)
    assert "\n" not in str(caught.value)


def instances_that_count(count: Callable[[dict[str, int]], int]) -> type:
    class Fake:
        def __init__(self, *arguments: object, **options: object) -> None:
            pass

        def __call__(self, point: dict[str, int]) -> dict[tuple[str, str], int]:
            value = count(point)
            return {(what, part): value for what in ("parameters", "operations") for part in PARTS}

    return Fake


def test_counts_that_a_held_out_instance_contradicts_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bent = instances_that_count(lambda point: max(point["hidden"], 1000))
    monkeypatch.setattr(fit_transformers, "Instances", bent)
    with pytest.raises(InvalidSpaceError, match=r"parameters of its first part .*verified: it giv"):
        fit_definition("distilbert", {"heads": (1,), "hidden": (96, 2048)}, {})


def test_a_dimension_that_changes_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = instances_that_count(lambda point: 3 * point["hidden"])
    monkeypatch.setattr(fit_transformers, "Instances", deaf)
    with pytest.raises(InvalidSpaceError, match="does not change with 'depth'"):
        fit_definition("distilbert", {"depth": (1,), "heads": (1,), "hidden": (96,)}, {})


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers.models.auto.configuration_auto", None)
    with pytest.raises(MissingExtraError, match=r"bort\[train\]"):
        fit_definition("camembert", {"depth": (1,)}, {})


def test_definition_files_say_what_the_definition_says() -> None:
    import tomllib

    definition = fitted_family("electra").definition
    assert tomllib.loads(definition_toml(definition)) == definition


def test_the_announcements_toy() -> None:
    toy = family("toy")
    for values, size, built in (((2, 4, 3, 4, 4), 72, 36), ((2, 3, 3, 3, 2), 40, 20)):
        architecture = Architecture(toy.dimension_names, values)
        model = toy.build(architecture, {})
        assert toy.parameter_count(columns_of(architecture), {}).tolist() == [size]
        assert sum(p.numel() for p in model.parameters()) == built
        assert size == architecture["factor"] * built
    assert [tuple(layer.weight.shape) for layer in model if hasattr(layer, "weight")] == [
        (3, 3),
        (2, 3),
    ]


def test_layers_of_the_toy_must_fit_together() -> None:
    dimensions = {"factor": (2,), "width": (3, 4), "inputs": (3,), "inner": (3, 4), "outputs": (2,)}
    assert FamilySpace("toy", "toy", dimensions).values.tolist() == [
        [2, 3, 3, 3, 2],
        [2, 4, 3, 4, 2],
    ]
    with pytest.raises(InvalidSpaceError, match="width must equal inner"):
        FamilySpace("toy", "toy", {**dimensions, "width": (5,)})


@pytest.mark.parametrize(("depth", "hidden", "inputs", "labels"), [(1, 3, 2, 2), (4, 7, 9, 3)])
def test_perceptrons(depth: int, hidden: int, inputs: int, labels: int) -> None:
    kind = family("mlp")
    architecture = Architecture.of(depth=depth, hidden=hidden)
    fixed = {"inputs": inputs, "labels": labels}
    model = kind.build(architecture, fixed)
    columns = columns_of(architecture)
    assert kind.parameter_count(columns, fixed)[0] == sum(p.numel() for p in model.parameters())
    weights = sum(p.numel() for p in model.parameters() if p.dim() == 2)
    assert kind.operation_count(columns, fixed, batch_size=5, sequence_length=1)[0] == 5 * weights
    assert kind.config(architecture, fixed, num_labels=8)[-1] == 8


def test_known_families() -> None:
    assert ("bert", *FITTED_NAMES, "static", "convolution", "mlp", "toy") == FAMILY_NAMES
    for name in FAMILY_NAMES:
        assert family(name).name == name
    with pytest.raises(InvalidSpaceError, match="unknown family"):
        family("nonsense")
