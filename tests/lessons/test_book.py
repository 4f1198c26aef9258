"""All lessons in one file: complete, and nothing in it is fetched."""

import re
from pathlib import Path

from click.testing import CliRunner

from bort.cli.learn import learn
from bort.lessons.book import book
from bort.lessons.catalogue import LESSONS

COMMITTED = Path(__file__).parents[2] / "docs" / "lessons.html"
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def test_nothing_is_fetched_or_kept() -> None:
    text = book()
    assert re.findall(r"<link\b|\bsrc=|@import|url\(|\bfetch\(|XMLHttpRequest|import\(", text) == []
    # Nothing is kept outside the address, so a second tab is independent.
    assert re.findall(r"localStorage|sessionStorage|document\.cookie|BroadcastChannel", text) == []
    hosts = set(re.findall(r"https?://([\w.]+)", text))
    assert hosts <= {"www.w3.org"}  # the name of SVG


def test_every_lesson_is_in_it() -> None:
    text = book()
    for one in LESSONS:
        assert f'href="?lesson={one.slug}"' in text
        assert text.count(f'<template id="{one.slug}-html">') == 1
    assert text.count("</script>") == text.count("<script")


def test_the_committed_file_is_todays() -> None:
    kept, today = COMMITTED.read_text("utf-8"), book()
    # Only compared, not shown: the difference of two such files takes minutes to print. The last
    # digits of a logarithm differ between machines.
    is_same = NUMBER.sub("", kept) == NUMBER.sub("", today) and all(
        abs(float(a) - float(b)) <= 1e-6 * max(1.0, abs(float(a)))
        for a, b in zip(NUMBER.findall(kept), NUMBER.findall(today), strict=True)
    )
    assert is_same, "a lesson has changed; run: bort learn export --force docs/lessons.html"


def test_the_command_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "lessons.html"
    done = CliRunner().invoke(learn, ["export", str(file)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert file.read_text("utf-8") == book()
