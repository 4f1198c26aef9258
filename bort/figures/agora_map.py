"""The map of an Agora run as values that `bort/figures/agora_map.js` draws.

The dev items are one chunk, and each round is another. A chunk is named by its content, so a
browser that has it needs nothing more: playing the rounds sends nothing, and a new round sends only
itself.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bort.agora.loop import Provenance, Round, Verdict
from bort.agora.world import RoundSummary
from bort.figures.theme import Palette, Theme, mixed, palette
from bort.report.agora import value_words
from bort.report.agora_map import round_sentence

Floats = NDArray[np.floating]
Chunk = dict[str, Any]

_FILES = files("bort.figures")
NONE = 255  # a code without a colour
TEXTS_AT_MOST = 5_000  # points whose texts are shown at the pointer; the page shows all others
TEXT_CHARACTERS = 120
CLASSES_AT_MOST = 8  # with colours of their own
CONFIDENCES = (0.5, 0.7, 0.9, 0.99)


@dataclass(frozen=True, slots=True)
class Entry:
    """One colour of a legend and its meaning."""

    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class Colouring:
    """One way to colour the points.

    Attributes:
        name: its key in each chunk's `codes`.
        has_dev: whether it colours the dev items too; otherwise they show right and wrong.
    """

    name: str
    title: str
    entries: tuple[Entry, ...]
    has_dev: bool = False


def colourings(
    theme: Theme, classes: Sequence[str], samplers: Sequence[str], rounds: int
) -> tuple[Colouring, ...]:
    """List the ways to colour a map."""
    c = palette(theme)
    several = (c.front, c.cover, c.best, *c.others, c.noise, c.text)
    many = len(classes) > CLASSES_AT_MOST
    named = [*classes[: CLASSES_AT_MOST - 1], "other classes"] if many else list(classes)
    steps = [mixed(c.cover, c.front, k / max(1, len(CONFIDENCES))) for k in range(5)]
    ages = [mixed(c.cover, c.noise, k / max(1, rounds - 1)) for k in range(rounds)]
    return (
        Colouring("verdict", "verdict", _entries(("accepted", "refused", "corrected by you",
                  "withdrawn"), (c.front, c.muted, c.best, c.others[0]))),
        Colouring("label", "label", _entries(named, several), has_dev=True),
        Colouring("round", "round", _entries([f"round {k}" for k in range(rounds)], ages)),
        Colouring("sampler", "sampler", _entries(samplers, several)),
        Colouring("confidence", "confidence of the labeler", _entries(
            ("below 50%", "50 to 70%", "70 to 90%", "90 to 99%", "99% or more"), steps)),
        Colouring("student", "student", _entries(("agreed already", "learnt it",
                  "still disagrees", "not asked yet"), (c.best, c.front, c.cover, c.muted))),
    )  # fmt: skip


def _entries(texts: Sequence[str], colours: Sequence[str]) -> tuple[Entry, ...]:
    return tuple(Entry(text, colours[k % len(colours)]) for k, text in enumerate(texts))


def dev_chunk(places: Floats, values: Sequence[Any], labels: Sequence[int]) -> Chunk:
    """Make the chunk of the dev items.

    Args:
        places: shape (n, 2), or (n, 3) in space.
    """
    return _named(
        {
            "number": -1,
            "dimensions": places.shape[1],
            "places": _floats(places),
            "codes": {"label": _bytes(_class_codes(labels))},
            "texts": _texts(values),
        }
    )


def round_chunk(
    points: Sequence[Provenance],
    r: Round,
    places: Floats,
    off: NDArray[np.bool_],
    samplers: Sequence[str],
) -> Chunk:
    """Make the chunk of one round.

    Args:
        points: the round's points, in order.
        places: theirs, shape (n, 2) or (n, 3).
        off: which of them are off the map, shape (n,).
    """
    accepted = np.array([row.point.is_accepted for row in points], dtype=bool)
    return _named(
        {
            "number": r.number,
            "places": _floats(places),
            "parents": _integers([row.point.parent for row in points]),
            "shapes": _bytes(accepted + 2 * off.astype(bool)),
            "codes": {
                "verdict": _bytes([_verdict_code(row) for row in points]),
                "label": _bytes(_class_codes([_or_none(row.point.label) for row in points])),
                "round": _bytes(np.full(len(points), min(r.number, NONE - 1))),
                "sampler": _bytes([samplers.index(row.point.sampler) for row in points]),
                "confidence": _bytes([_confidence_code(row.point.confidence) for row in points]),
                "student": _bytes([_student_code(row) for row in points]),
            },
            "wrong": _integers(r.wrong_dev),
            "texts": _texts([row.point.value for row in points]),
        }
    )


def map_view(
    chunks: Sequence[Chunk],
    rows: Sequence[RoundSummary],
    ways: Sequence[Colouring],
    *,
    theme: Theme,
    alt: str,
) -> dict[str, Any]:
    """Make what is drawn of the chunks: small, and different for each theme.

    Returns:
        A value for JSON; the reader's pick and marks are added to it.
    """
    colours = palette(theme)
    return {
        "chunks": [chunk["id"] for chunk in chunks],
        "rounds": [round_sentence(row) for row in rows],
        "colourings": [asdict(way) for way in ways],
        "alt": alt,
        **_theme(colours),
    }


def _theme(colours: Palette) -> dict[str, str]:
    return {
        "text": colours.text,
        "muted": colours.muted,
        "background": colours.background,
        "right": mixed(colours.dominated, colours.background, 0.65),
        "wrong": colours.cover,
        "mended": colours.best,
    }


def samplers_of(points: Sequence[Provenance]) -> list[str]:
    """List the samplers of a run's points; a new round only adds to the end."""
    return list(dict.fromkeys(row.point.sampler for row in points))


def map_script() -> str:
    """Return the JavaScript that draws a map; it defines `bortMap`."""
    parts = ("_marks", "_raster", "_svg", "_hands", "")
    return "\n".join(_FILES.joinpath(f"agora_map{part}.js").read_text("utf-8") for part in parts)


def map_style() -> str:
    """Return the style of what `map_script` makes."""
    return _FILES.joinpath("agora_map.css").read_text("utf-8")


def point_name(row: Provenance) -> str:
    """Name a point as links, tables and commands do: `round:position`."""
    return f"{row.round}:{row.position}"


def _verdict_code(row: Provenance) -> int:
    if row.is_withdrawn:
        return 3
    if row.point.verdict in (Verdict.REJECTED, Verdict.RELABELLED):
        return 2
    return 0 if row.point.is_accepted else 1


def _confidence_code(confidence: float | None) -> int:
    return NONE if confidence is None else int(np.searchsorted(CONFIDENCES, confidence, "right"))


def _student_code(row: Provenance) -> int:
    point = row.point
    if point.student_before is None or point.label is None:
        return NONE
    if point.student_before == point.label:
        return 0
    if row.student_after is None:
        return 3
    return 1 if row.student_after == point.label else 2


def _class_codes(labels: Sequence[int]) -> list[int]:
    return [NONE if label >= NONE else min(label, CLASSES_AT_MOST - 1) for label in labels]


def _or_none(label: int | None) -> int:
    return NONE if label is None else label


def _texts(values: Sequence[Any]) -> list[str] | None:
    if len(values) > TEXTS_AT_MOST:
        return None
    texts = (value_words(value) for value in values)
    return [t if len(t) <= TEXT_CHARACTERS else t[: TEXT_CHARACTERS - 1] + "…" for t in texts]


def _floats(values: Floats) -> str:
    return _encoded(np.asarray(values, dtype="<f4"))


def _integers(values: Sequence[int]) -> str:
    return _encoded(np.asarray(values, dtype="<i4"))


def _bytes(values: Any) -> str:
    return _encoded(np.asarray(values, dtype="u1"))


def _encoded(values: NDArray[Any]) -> str:
    return b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def _named(content: Chunk) -> Chunk:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return {**content, "id": hashlib.sha256(text.encode()).hexdigest()[:16]}
