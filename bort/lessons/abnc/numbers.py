"""Numbers of lesson 4: the costs of the first, middle and last part of many networks."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bort.families.bert import BERT
from bort.families.family import PARTS
from bort.families.polynomial import Polynomial
from bort.families.space import FamilySpace
from bort.families.space_files import load_space
from bort.families.summary import AbncReport, abnc_report, published_answer

VOCABULARIES = (1_000, 2_000, 4_000, 8_000, 16_000, 30_522, 50_257)
DEPTHS = (1, 2, 3, 4, 6, 8, 12, 18, 24)
WIDTHS = (128, 256, 384, 512, 768, 1024)
INNER = (256, 512, 768, 1024, 1536, 2048, 3072, 4096)
HEADS = 8  # they change no count
BATCH, SEQUENCE = 1, 128
BERTS_VOCABULARY = BERT.defaults["vocabulary"]

_NETWORKS: tuple[tuple[str, str, tuple[int, int, int, int]], ...] = (
    ("BERT-large", "bert", (24, 16, 1024, 4096)),
    ("BERT-base", "bert", (12, 12, 768, 3072)),
    ("Bort", "bert", (4, 8, 1024, 768)),
    ("MiniLM", "bert", (6, 12, 384, 1536)),
    ("a small BERT", "bert", (2, 4, 128, 256)),
    ("GPT-2", "gpt2", (12, 12, 768, 3072)),
    ("ViT-base", "vit", (12, 12, 768, 3072)),
)
_NAMES = ("depth", "heads", "hidden", "intermediate")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def numbers() -> dict[str, Any]:
    """All numbers of the lesson, as JSON values."""
    networks = [_network(*each) for each in _NETWORKS]
    by_name = {network["name"]: network for network in networks}
    large, bort = by_name["BERT-large"], by_name["Bort"]
    walk = _walk(large["sizes"], bort["sizes"])
    published = published_answer(load_space("bort").parts[0])
    assert published is not None
    total, embeddings = (
        published.parameter_count_millions,
        published.embedding_count_millions,
    )
    return {
        "vocabularies": VOCABULARIES,
        "depths": DEPTHS,
        "widths": WIDTHS,
        "inner": INNER,
        "sequence": SEQUENCE,
        "vocabulary": BERTS_VOCABULARY,
        "fixed": {name: BERT.defaults[name] for name in ("positions", "types", "labels")},
        "costs": costs(),
        "formulas": {
            part: {
                "paper": formula(BERT.parameter_parts[part]),
                "code": str(BERT.parameter_parts[part]),
            }
            for part in PARTS
        },
        "networks": networks,
        "large": large,
        "bort": bort,
        "small": by_name["a small BERT"],
        "walk": walk,
        "breaks": _describe(next(step for step in walk if not step["parameters"]["holds"])),
        "spaces": [_space(load_space(name).parts[0]) for name in ("bort", "minilm")],
        "published": {
            "total": total,
            "embeddings": embeddings,
            "rest": total - embeddings,
            "source": published.source,
        },
    }


def costs() -> dict[str, Any]:
    """The costs of each part over the grid of sizes; the heads change none.

    `first` is by vocabulary and width, `middle` by depth, width and inner size, `last` by width,
    in the order of the lists; each has `parameters` and `operations`.
    """
    space = _grid()
    report = abnc_report(space, batch_size=BATCH, sequence_length=SEQUENCE)
    shape = tuple(len(values) for values in space.dimensions.values() if len(values) > 1)
    names = [name for name, values in space.dimensions.items() if len(values) > 1]
    needed = {
        "first": ("vocabulary", "hidden"),
        "middle": ("depth", "hidden", "intermediate"),
        "last": ("hidden",),
    }
    found: dict[str, Any] = {}
    for part, dimensions in needed.items():
        at = tuple(slice(None) if name in dimensions else 0 for name in names)
        found[part] = {
            "parameters": report.parameters[part].reshape(shape)[at].tolist(),
            "operations": report.operations[part].reshape(shape)[at].astype(np.int64).tolist(),
        }
    return found


def _grid() -> FamilySpace:
    return FamilySpace(
        "grid",
        "bert",
        {
            "vocabulary": VOCABULARIES,
            "depth": DEPTHS,
            "heads": (HEADS,),
            "hidden": WIDTHS,
            "intermediate": INNER,
        },
    )


def formula(polynomial: Polynomial) -> str:
    """Write a polynomial of BERT in the papers' letters.

    Examples:
        >>> formula(BERT.parameter_parts["last"])
        'H L + H² + H + L'
    """
    letters = {**BERT.symbols, "vocabulary": "V", "positions": "P", "types": "T", "labels": "L"}

    def term(text: str) -> str:
        factors = (factor.partition("^") for factor in text.split("*"))
        return " ".join(
            letters.get(name, name) + power.translate(_SUPERSCRIPTS) for name, _, power in factors
        )

    return " + ".join(term(text) for text in str(polynomial).split(" + "))


def _network(name: str, family: str, sizes: tuple[int, int, int, int]) -> dict[str, Any]:
    dimensions = {name: (size,) for name, size in zip(_NAMES, sizes, strict=True)}
    space = FamilySpace(name, family, dimensions)
    report = abnc_report(space, batch_size=BATCH, sequence_length=SEQUENCE)
    return {
        "name": name,
        "family": family,
        "sizes": dict(zip(_NAMES, sizes, strict=True)),
        "vocabulary": space.family.defaults.get("vocabulary"),
        **_costed(report),
    }


def _costed(report: AbncReport) -> dict[str, Any]:
    parameters = {part: int(report.parameters[part][0]) for part in PARTS}
    operations = {part: int(report.operations[part][0]) for part in PARTS}
    return {
        "parameters": {
            **parameters,
            "holds": bool(report.holds_in_parameters[0]),
            "share": parameters["middle"] / sum(parameters.values()),
        },
        "operations": {**operations, "holds": bool(report.holds_in_operations[0])},
        "holds": bool(report.holds[0]),
    }


def _walk(start: Mapping[str, int], end: Mapping[str, int]) -> list[dict[str, Any]]:
    """Shrink one network to the other over the listed sizes: first the depth, then the layers."""
    sizes = dict(start)
    steps = [sizes]
    for name, listed in (("depth", DEPTHS), ("intermediate", INNER)):
        for value in sorted((v for v in listed if end[name] <= v < start[name]), reverse=True):
            sizes = {**sizes, name: value}
            steps.append(sizes)
    return [_network("-".join(map(str, s.values())), "bert", _in_order(s)) for s in steps]


def _in_order(sizes: Mapping[str, int]) -> tuple[int, int, int, int]:
    depth, heads, hidden, intermediate = (sizes[name] for name in _NAMES)
    return depth, heads, hidden, intermediate


def _describe(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **step["sizes"],
        "middle": step["parameters"]["middle"],
        "first": step["parameters"]["first"],
    }


def _space(space: FamilySpace) -> dict[str, Any]:
    report = abnc_report(space, batch_size=BATCH, sequence_length=SEQUENCE)
    return {
        "name": space.name,
        "count": len(space),
        "parameters": int(report.holds_in_parameters.sum()),
        "operations": int(report.holds_in_operations.sum()),
    }
