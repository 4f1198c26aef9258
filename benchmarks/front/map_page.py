"""A page with nothing but the map of a made-up run: what a browser takes for many points."""

import json
from base64 import b64encode
from typing import Any

import numpy as np

from bort.figures.agora_map import NONE, colourings, map_script, map_style, map_view

ROUNDS = 10
DEV = 2_000
WRONG = 200
CLASSES = ("bad", "good")
SAMPLERS = ("tangent",)

_PAGE = """<!doctype html><meta charset="utf-8"><style>{style}</style><div id="map"></div>
<script>{script}
const view = bortMap.create(document.getElementById("map"));
view.onChoose = (points) => document.body.append(`selected: ${{points.length}}`);
for (const chunk of {chunks}) bortMap.keep(chunk);
bortMap.update(view, {view});
</script>"""


def map_page(points: int) -> str:
    """Write the page of a map of `points` points, dev items included."""
    draws = np.random.default_rng(0)
    centres = draws.normal(scale=4, size=(12, 2))
    places = centres[draws.integers(len(centres), size=DEV)] + draws.normal(size=(DEV, 2))
    labels = draws.integers(len(CLASSES), size=DEV)
    dev = {"id": "dev", "number": -1, "dimensions": 2, "places": _text(places, "<f4")}
    chunks = [{**dev, "codes": {"label": _text(labels, "u1")}, "texts": None}]
    for number in range(ROUNDS + 1):
        count = (points - DEV) // ROUNDS if number < ROUNDS else 0
        chunks.append(_round(number, places, count, draws))
    ways = colourings("light", CLASSES, SAMPLERS, ROUNDS + 1)
    view = {
        **map_view(chunks, (), ways, theme="light", alt=f"Map of {points:,} points"),
        **dict.fromkeys(("name", "map"), "map"),
        **dict.fromkeys(("pick", "chosen")),
        "marked": [],
        "rounds": [f"Round {number}" for number in range(ROUNDS + 1)],
        "round": ROUNDS - 1,
        "height": "560px",
    }
    return _PAGE.format(
        style=map_style(), script=map_script(), chunks=json.dumps(chunks), view=json.dumps(view)
    )


def _round(number: int, dev: np.ndarray, count: int, draws: np.random.Generator) -> dict[str, Any]:
    wrong = np.sort(draws.choice(len(dev), WRONG, replace=False))
    parents = draws.choice(wrong, count)
    is_accepted = draws.random(count) < 0.8
    labels = np.where(is_accepted, draws.integers(len(CLASSES), size=count), NONE)
    codes = {
        "verdict": np.where(is_accepted, 0, 1),
        "label": labels,
        "round": np.full(count, number),
        "sampler": np.zeros(count),
        "confidence": np.where(is_accepted, 3, NONE),
        "student": np.where(is_accepted, 1, NONE),
    }
    return {
        "id": f"round-{number}",
        "number": number,
        "places": _text(dev[parents] + draws.normal(scale=0.3, size=(count, 2)), "<f4"),
        "parents": _text(parents, "<i4"),
        "shapes": _text(is_accepted, "u1"),
        "codes": {name: _text(values, "u1") for name, values in codes.items()},
        "wrong": _text(wrong, "<i4"),
        "texts": None,
    }


def _text(values: np.ndarray, kind: str) -> str:
    return b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")
