"""Families of `transformers` models whose polynomials were fitted, not derived by hand."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from bort.core.architecture import Architecture
from bort.families.family import PARTS, Family
from bort.families.polynomial import Polynomial, as_polynomial, symbol

FITTED_NAMES = ("distilbert", "electra", "roberta", "albert", "gpt2", "vit")

FLOAT32_BYTES = 4
_LETTERS = {"depth": "D", "heads": "A", "hidden": "H", "intermediate": "I"}


@dataclass(frozen=True, kw_only=True, eq=False)
class TransformersFamily(Family):
    """A classifier that `transformers` can build from a configuration.

    Attributes:
        definition: the fitted polynomials as JSON values; see `family_from_definition`.
    """

    definition: Mapping[str, Any]

    def config(
        self,
        architecture: Architecture,
        fixed: Mapping[str, int],
        *,
        num_labels: int | None = None,
    ) -> Any:
        """The model's own configuration class; `num_labels` overrides `fixed["labels"]`."""
        known = self.with_defaults(fixed) | architecture.as_dict()
        if num_labels:
            known["labels"] = num_labels
        return make_config(self.name, self.definition["fields"], known)

    def model(self, config: Any, *, device: str) -> Any:
        """Build the classification model with random weights; none on the meta device."""
        return make_model(config, device=device)


def make_config(model_type: str, fields: Mapping[str, str], sizes: Mapping[str, int]) -> Any:
    """A configuration with these sizes.

    Args:
        model_type: a name that `transformers` knows.
        fields: our name of each size to the configuration's.
        sizes: the sizes, by our names.
    """
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    values: dict[str, Any] = {fields[name]: value for name, value in sizes.items()}
    config: Any = CONFIG_MAPPING[model_type](**values)
    if getattr(config, "pad_token_id", 0) is None:
        config.pad_token_id = (
            0  # otherwise, classifiers that read the last token accept only one text
        )
    return config


def make_model(config: Any, *, device: str) -> Any:
    """Make the classifier of this configuration: for text if there is one, else for images."""
    import torch
    from transformers import AutoModelForImageClassification, AutoModelForSequenceClassification

    auto: Any = AutoModelForSequenceClassification
    if type(config) not in auto._model_mapping:
        auto = AutoModelForImageClassification
    with torch.device(device):
        return auto.from_config(config)


@cache
def fitted_family(name: str) -> TransformersFamily:
    """One of `FITTED_NAMES`, from the polynomials that come with the package."""
    text = files("bort.families").joinpath(f"fitted/{name}.toml").read_text("utf-8")
    return family_from_definition(tomllib.loads(text))


def family_from_definition(definition: Mapping[str, Any]) -> TransformersFamily:
    """Build the family that a definition describes; imports nothing.

    Args:
        definition: `name` (the model type), `dimensions` (our names, in order), `fields`
            (every size's field in the configuration), `defaults` (of the sizes that are not
            dimensions), `constants` (the defaults that the polynomials contain as numbers),
            `tokens` (of an image, else 0), `parameters` and `operations` (a polynomial for
            each part, as text), `distinct` (pairs of sizes that must differ).
    """
    parameters = {part: Polynomial.parse(definition["parameters"][part]) for part in PARTS}
    operations = {part: Polynomial.parse(definition["operations"][part]) for part in PARTS}
    return TransformersFamily(
        name=definition["name"],
        symbols={name: _LETTERS.get(name, name) for name in definition["dimensions"]},
        defaults=definition["defaults"],
        constants=tuple(definition["constants"]),
        distinct=tuple((a, b) for a, b in definition["distinct"]),
        parameter_parts=parameters,
        embedding=parameters["first"],
        term_polynomials=_terms(definition, parameters, operations),
        operation_parts={
            "first": ("input",),
            "middle": ("projections", "attention", "ffn"),
            "last": ("head",),
        },
        definition=definition,
    )


def _terms(
    definition: Mapping[str, Any],
    parameters: Mapping[str, Polynomial],
    operations: Mapping[str, Polynomial],
) -> dict[str, Polynomial]:
    """Name the latency features as BERT does; the middle's products are separate."""
    depth, heads, hidden, batch = (symbol(n) for n in ("depth", "heads", "hidden", "batch"))
    tokens = definition["tokens"]
    sequence = as_polynomial(tokens) if tokens else symbol("sequence")
    middle = operations["middle"]
    ffn = middle.only("intermediate")
    projections = (middle - ffn).only("hidden", 2)
    inner = symbol("intermediate") if "intermediate" in definition["fields"] else 4 * hidden
    return {
        "layers": depth,
        "projections": projections,
        "attention": middle - ffn - projections,
        "softmax": batch * sequence**2 * depth * heads,
        "ffn": ffn,
        "elementwise": batch * sequence * depth * (4 * hidden + inner),
        "embedding": 3 * batch * sequence * hidden,
        "input": operations["first"],
        "head": operations["last"],
        "weight_bytes": FLOAT32_BYTES * (parameters["middle"] + parameters["last"]),
    }
