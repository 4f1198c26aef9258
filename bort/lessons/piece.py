"""One lesson as HTML, CSS, JavaScript and numbers, complete in itself."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from bort.figures.theme import Theme, palette
from bort.lessons.catalogue import LESSONS, Lesson
from bort.report.terms import TERMS

_ROOT = files("bort.lessons")
_KIT = ("dom.js", "state.js", "controls.js", "player.js", "words.js", "teach.js", "mount.js")
_PLACE = re.compile(r"\{\{([\w.]+)(?::([^}]+))?\}\}")
_NAME = re.compile(r"\d+(-\d+)+")  # of a network: no line may end inside it
_THEMES: tuple[Theme, ...] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Piece:
    """Everything that a browser needs to show a lesson.

    Attributes:
        html: one `<article class="lesson">`, its numbers filled in.
        css: its style, for both themes.
        js: defines `mountLesson` and the lesson's `start`. Put it into a script of its own,
            followed by `mountLesson(parent, values, start)`, where `parent` contains the article.
        numbers: JSON values, `values.numbers` of that call.
    """

    html: str
    css: str
    js: str
    numbers: Mapping[str, Any]

    def values(self, *, theme: Theme, links: Mapping[str, str]) -> dict[str, Any]:
        """The values for `mountLesson`.

        Args:
            links: beginnings of addresses: `lesson` comes before a slug, `term` before a term.
        """
        says = {slug: term.says for slug, term in TERMS.items()}
        return {"theme": theme, "links": dict(links), "terms": says, "numbers": self.numbers}


@cache
def piece(lesson: Lesson) -> Piece:
    """Compute a lesson's numbers and put it together. Later calls cost nothing."""
    folder = _ROOT / lesson.slug
    # As JSON, so that what the words say and what the script reads is the same.
    numbers = json.loads(json.dumps(lesson.numbers(), allow_nan=False))
    text = filled(_read(folder / "text.html"), numbers)
    return Piece(
        html=f'<article class="lesson" data-lesson="{lesson.slug}">{text}</article>',
        css="\n".join([*map(_colours, _THEMES), style(), _optional(folder / "view.css")]),
        js="\n".join([*(_read(_ROOT / "kit" / name) for name in _KIT), _read(folder / "view.js")]),
        numbers=numbers,
    )


def pieces() -> dict[str, Piece]:
    """All lessons by slug, in their order."""
    return {lesson.slug: piece(lesson) for lesson in LESSONS}


def style() -> str:
    """The style that all lessons share."""
    return _read(_ROOT / "kit" / "lesson.css")


def filled(text: str, numbers: Mapping[str, Any]) -> str:
    """Replace each `{{path:format}}` by the number at that path.

    Raises:
        LookupError: there is no such number.

    Examples:
        >>> filled("{{toy.size:,}} weights, {{share:.0%}}", {"toy": {"size": 1200}, "share": 0.5})
        '1,200 weights, 50%'
    """

    def number(found: re.Match[str]) -> str:
        value: Any = numbers
        for name in found[1].split("."):
            value = value[int(name)] if isinstance(value, list) else value[name]
        written = escape(format(value, found[2] or ""))
        return f'<span class="whole">{written}</span>' if _NAME.fullmatch(written) else written

    return _PLACE.sub(number, text)


def _colours(theme: Theme) -> str:
    colours = palette(theme)
    values = ";".join(f"--{name}:{getattr(colours, name)}" for name in colours.__slots__)
    return f'.lesson[data-theme="{theme}"]{{{values}}}'


def _read(file: Traversable) -> str:
    return file.read_text("utf-8")


def _optional(file: Traversable) -> str:
    return _read(file) if file.is_file() else ""
