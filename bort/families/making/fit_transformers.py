"""Fit the polynomials of a `transformers` model type on instances without weights."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bort.core.errors import InvalidSpaceError, MissingExtraError
from bort.families.family import PARTS
from bort.families.making.fitting import (
    MAX_DEGREE,
    NotPolynomialError,
    Point,
    fit_polynomial,
    verify,
)
from bort.families.making.instances import Instances, Key
from bort.families.polynomial import Polynomial
from bort.families.registry import unknown_family

# Our names and those of configurations; the first one that a configuration has is used.
_FIELDS: dict[str, tuple[str, ...]] = {
    "depth": ("num_hidden_layers",),
    "heads": ("num_attention_heads",),
    "hidden": ("hidden_size",),
    "intermediate": ("intermediate_size", "hidden_dim", "n_inner", "ffn_dim"),
    "vocabulary": ("vocab_size",),
    "positions": ("max_position_embeddings",),
    "types": ("type_vocab_size",),
    "embedding": ("embedding_size",),
    "labels": ("num_labels",),
}
_NEEDED = ("depth", "heads", "hidden")
_SYMBOLIC = ("vocabulary", "positions", "types", "embedding", "labels")

# Probes that can be built in every combination: each number of heads divides each hidden size.
_PROBES = {
    "depth": (2, 1, 3, 4, 5),
    "heads": (2, 1, 3, 4, 6),
    "intermediate": (40, 17, 64, 81, 96),
    "embedding": (10, 12, 14, 16, 18),
    "sequence": (7, 4, 9, 12, 16),
    "batch": (2, 1, 3, 4, 5),
}
_HIDDEN_PER_HEAD = (48, 96, 144, 192, 240)  # even shares, as rotary positions need
_HELD_OUT = 3


def fit_definition(
    model_type: str,
    dimensions: Mapping[str, Sequence[int]],
    fixed: Mapping[str, int],
) -> dict[str, Any]:
    """Count instances on the meta device and describe the family; see `family_from_definition`.

    Args:
        model_type: its name in `transformers`, for example "roberta".
        dimensions: our names (or a configuration's own) to the values to search; the
            polynomials are checked on instances with each of these values.
        fixed: sizes by name. What is not vocabulary, positions, types, embedding or labels
            becomes a number in the polynomials.
    Returns:
        JSON values. Builds about a hundred small models, which takes some seconds.
    Raises:
        InvalidSpaceError: no such model type, no integer of that name, or a count that is not
            a polynomial or that a held-out instance contradicts.
        MissingExtraError: torch or transformers are not installed.
    """
    default = _default_config(model_type)
    fields = {name: _field(model_type, default, name) for name in (*dimensions, *fixed)}
    defaults = {name: value for name, value in fixed.items() if name not in dimensions}
    for name in _FIELDS:
        found = _find(default, name)
        if found and name not in fields and _is_size(getattr(default, found)):
            fields[name], defaults[name] = found, getattr(default, found)
    constants = [name for name in defaults if name not in _SYMBOLIC]
    is_image = not hasattr(default, "vocab_size")
    definition: dict[str, Any] = {
        "name": model_type,
        "dimensions": list(dimensions),
        "fields": fields,
        "defaults": defaults,
        "constants": constants,
        "tokens": _tokens(default, defaults) if is_image else 0,
    }
    instances = Instances(model_type, fields, defaults, is_image=is_image)
    probes = _probes(dimensions, defaults, is_image=is_image)
    points = [*_held_out(probes), *_own_points(dimensions, defaults, probes)]
    for what in ("parameters", "operations"):
        definition[what] = {
            part: str(_fit_one(model_type, instances, (what, part), probes, points))
            for part in PARTS
        }
    _refuse_ignored(definition)
    definition["distinct"] = _distinct(definition, instances, probes)
    return definition


def definition_toml(definition: Mapping[str, Any]) -> str:
    """A definition as the text of a file in `bort/families/fitted/`."""
    tables = {key: value for key, value in definition.items() if isinstance(value, Mapping)}
    lines = [f"{k} = {json.dumps(v)}" for k, v in definition.items() if k not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items())]
    return "\n".join(lines) + "\n"


def _distinct(
    definition: Mapping[str, Any], instances: Instances, probes: Mapping[str, Sequence[int]]
) -> list[list[str]]:
    """Find pairs of sizes that make a model (ELECTRA, for example) drop a layer when equal."""
    if "embedding" not in probes or "hidden" not in probes:
        return []
    point = {name: values[0] for name, values in probes.items()}
    point["embedding"] = point["hidden"]
    counts = instances(point)
    same = all(
        Polynomial.parse(definition[what][part]).at(point) == value
        for (what, part), value in counts.items()
    )
    return [] if same else [["embedding", "hidden"]]


def _fit_one(
    model_type: str,
    instances: Instances,
    key: Key,
    probes: Mapping[str, Sequence[int]],
    points: Sequence[Point],
) -> Polynomial:
    def count(point: Mapping[str, int]) -> int:
        return instances(point)[key]

    try:
        polynomial = fit_polynomial(count, probes)
        verify(count, polynomial, points)
    except NotPolynomialError as error:
        raise InvalidSpaceError(
            f"family {model_type!r} cannot be searched: the {key[0]} of its {key[1]} part do "
            f"not follow a polynomial that could be verified: {error}; fix that size or list "
            "other values"
        ) from None
    return polynomial


def _default_config(model_type: str) -> Any:
    try:
        from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    except ImportError:
        raise MissingExtraError(
            f"family {model_type!r} is fitted on built models, which needs torch and "
            "transformers; install them with: pip install 'bort[train]'"
        ) from None
    if model_type not in CONFIG_MAPPING:
        raise InvalidSpaceError(unknown_family(model_type))
    config = CONFIG_MAPPING[model_type]()
    lacking = [name for name in _NEEDED if not _find(config, name)]
    if lacking or getattr(config, "is_encoder_decoder", False):
        why = f"has no {' and no '.join(lacking)}" if lacking else "is an encoder-decoder"
        raise InvalidSpaceError(
            f"family {model_type!r} {why}; choose a model with one stack of layers"
        )
    return config


def _find(config: Any, name: str) -> str | None:
    """Find the configuration's field for one of our names."""
    return next((field for field in _FIELDS.get(name, ()) if hasattr(config, field)), None)


def _field(model_type: str, config: Any, name: str) -> str:
    """Find the configuration's field for a name in a space, ours or the field's own."""
    ours = {field: n for n in _FIELDS if (field := _find(config, n))}
    own = {config.attribute_map.get(field, field): n for field, n in ours.items()} | ours
    if name in own:
        raise InvalidSpaceError(f"family {model_type!r}: write {own[name]!r} in place of {name!r}")
    field = _find(config, name) or name
    if name not in ours.values() and not _is_size(getattr(config, field, None)):
        raise InvalidSpaceError(
            f"family {model_type!r} has no integer size {name!r}; use {', '.join(ours.values())} "
            "or a field of its configuration"
        )
    return field


def _is_size(value: object) -> bool:
    return type(value) is int and value >= 1


def _refuse_ignored(definition: Mapping[str, Any]) -> None:
    """Reject a dimension that no count depends on; only heads may leave the counts unchanged."""
    counts = [*definition["parameters"].values(), *definition["operations"].values()]
    used = {symbol for text in counts for symbol in Polynomial.parse(text).symbols}
    ignored = [name for name in definition["dimensions"] if name not in used | {"heads"}]
    if ignored:
        raise InvalidSpaceError(
            f"family {definition['name']!r} does not change with {ignored[0]!r}, so there is "
            "nothing to search; leave that dimension out"
        )


def _tokens(config: Any, defaults: Mapping[str, int]) -> int:
    """Count the patches of an image and the class token."""
    image, patch = (
        defaults.get(name, getattr(config, name, 0)) for name in ("image_size", "patch_size")
    )
    return (image // patch) ** 2 + 1 if image and patch else 1


def _probes(
    dimensions: Mapping[str, Sequence[int]], defaults: Mapping[str, int], *, is_image: bool
) -> dict[str, Sequence[int]]:
    """Choose the values to probe each symbol at; see `fit_polynomial`."""
    names = [*dimensions, *(name for name in _SYMBOLIC if name in defaults), "batch"]
    probes: dict[str, Sequence[int]] = {}
    for name in names if is_image else [*names, "sequence"]:
        if name in _PROBES:
            probes[name] = _PROBES[name]
        elif name in defaults:
            probes[name] = tuple(defaults[name] + step for step in range(MAX_DEGREE + 2))
        else:  # a field of this configuration only: we cannot guess other valid values
            probes[name] = dimensions[name][: MAX_DEGREE + 2]
    if "hidden" in dimensions:
        heads = 1 if "heads" in dimensions else defaults["heads"]
        probes["hidden"] = tuple(heads * share for share in _HIDDEN_PER_HEAD)
    return probes


def _held_out(probes: Mapping[str, Sequence[int]]) -> list[Point]:
    """Choose points beyond the probes in all coordinates at once."""
    return [
        {name: _beyond(name, values, step) for name, values in probes.items()}
        for step in range(1, _HELD_OUT + 1)
    ]


def _beyond(name: str, values: Sequence[int], step: int) -> int:
    if name == "depth":
        return max(values) + step  # a deeper model would only take longer to build
    if name in ("hidden", "heads"):
        return max(values) * (1 + step)
    if name in _PROBES or name in _SYMBOLIC:
        return max(values) * (1 + step) + step
    return values[-step % len(values)]


def _own_points(
    dimensions: Mapping[str, Sequence[int]],
    defaults: Mapping[str, int],
    probes: Mapping[str, Sequence[int]],
) -> list[Point]:
    """Choose architectures of the space that together take every value that can be built."""
    rest = {name: defaults.get(name, values[0]) for name, values in probes.items()}
    points = []
    for turn in range(max(len(values) for values in dimensions.values())):
        point = {name: values[turn % len(values)] for name, values in dimensions.items()}
        if "heads" in dimensions and "hidden" in dimensions:
            heads = dimensions["heads"]
            turned = [*heads[turn % len(heads) :], *heads[: turn % len(heads)]]
            fitting = [h for h in turned if point["hidden"] % h == 0]
            if not fitting:
                continue
            point["heads"] = fitting[0]
        points.append({**rest, **point})
    return points
