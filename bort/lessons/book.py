"""All lessons in one HTML file that opens without Python and fetches nothing."""

import json
from base64 import b64encode
from html import escape
from importlib.resources import files

from bort.core import paths
from bort.lessons.catalogue import LESSONS
from bort.lessons.piece import Piece, pieces

TITLE = "Lessons on optimal subarchitecture extraction and Agora"
_LINKS = {"lesson": "?lesson=", "term": "?lesson=glossary&term="}


def book() -> str:
    """Write the overview and every lesson; the address chooses, `?lesson=SLUG`."""
    return _kit("book.html").format(
        title=escape(TITLE),
        style=_kit("book.css"),
        teaching=b64encode(paths.teaching().read_bytes()).decode(),
        contents="".join(_entry(number) for number in range(len(LESSONS))),
        lessons="\n".join(_lesson(slug, piece) for slug, piece in pieces().items()),
        script=_kit("book.js"),
    )


def _entry(number: int) -> str:
    lesson = LESSONS[number]
    picture = _kit(f"cards/{lesson.slug}.svg")
    return (
        f'<li><a href="?lesson={lesson.slug}"><b>{escape(lesson.title)}</b></a>{picture}'
        f"<p>{escape(lesson.answers)}</p>"
        f"<p>{lesson.minutes} minutes. Before it: {escape(lesson.before)}</p></li>\n"
    )


def _lesson(slug: str, piece: Piece) -> str:
    """A lesson's parts: hidden words, inert style and numbers, and a function that begins it."""
    values = _inert(json.dumps(dict(piece.values(theme="light", links=_LINKS)), allow_nan=False))
    return (
        f'<template id="{slug}-html">{piece.html}</template>\n'
        f'<script type="text/plain" id="{slug}-css">{_inert(piece.css)}</script>\n'
        f'<script type="application/json" id="{slug}-values">{values}</script>\n'
        f'<script>begin["{slug}"] = (parent, values) => {{\n{_inert(piece.js)}\n'
        "return mountLesson(parent, values, start);\n};</script>\n"
    )


def _inert(text: str) -> str:
    """Keep text inside its element: `</` would end a script."""
    return text.replace("</", "<\\/")


def _kit(name: str) -> str:
    return files("bort.lessons").joinpath(f"kit/{name}").read_text("utf-8")
