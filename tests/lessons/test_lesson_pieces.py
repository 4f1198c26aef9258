"""What holds for every lesson: its numbers are computed, its questions have an answer."""

import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from bort.lessons.catalogue import LESSONS, Lesson, lesson
from bort.lessons.piece import filled, piece

PARAMETERS = pytest.mark.parametrize("one", LESSONS, ids=lambda one: one.slug)
WITHOUT_QUESTIONS = ("glossary",)


def written(one: Lesson) -> str:
    return (files("bort.lessons") / one.slug / "text.html").read_text("utf-8")


class Words(HTMLParser):
    """Collects the words of a lesson, without citations and formulas."""

    APART = ("cite", "math", "code", "svg")

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self._apart = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._apart += tag in self.APART

    def handle_endtag(self, tag: str) -> None:
        self._apart -= tag in self.APART

    def handle_data(self, data: str) -> None:
        if not self._apart:
            self.text.append(data)


@PARAMETERS
def test_no_number_is_typed_by_hand(one: Lesson) -> None:
    words = Words()
    words.feed(re.sub(r"\{\{[^}]+\}\}", "", written(one)))
    symbols = re.sub(r"1\s*[+−-]\s*ε|1/ε|GPT-2", "", " ".join(words.text))
    assert re.findall(r".{0,20}\d.{0,20}", symbols) == []


@PARAMETERS
def test_every_number_in_the_words_exists(one: Lesson) -> None:
    html = piece(one).html
    assert "{{" not in html
    assert html.startswith(f'<article class="lesson" data-lesson="{one.slug}">')


@PARAMETERS
def test_numbers_are_finite_and_the_same_each_time(one: Lesson) -> None:
    again = json.loads(json.dumps(one.numbers(), allow_nan=False))
    assert again == piece(one).numbers


@PARAMETERS
def test_each_question_has_one_answer_and_explains_every_wrong_choice(one: Lesson) -> None:
    html = piece(one).html
    questions = re.findall(
        r'<div class="question" data-answer="([^"]+)">(.*?)class="why">(.*?)</div>', html, re.S
    )
    assert html.count('class="question"') == len(questions) == html.count('class="why"')
    assert len(questions) >= 2 or one.slug in WITHOUT_QUESTIONS
    for answer, body, why in questions:
        values = re.findall(r'<button value="([^"]+)">', body)
        assert len(values) == len(set(values)) >= 3
        explained = re.findall(r'<p data-for="([^"]+)">', why)
        assert sorted([answer, *explained]) == sorted(values)
        assert "<p>" in why


@PARAMETERS
def test_what_the_papers_state_has_its_source(one: Lesson) -> None:
    stated = re.findall(r'<aside class="paper">(.*?)</aside>', piece(one).html, re.S)
    assert all("<cite>" in text for text in stated)
    # Where the papers are told, it is told what is ours.
    assert not stated or '<aside class="ours">' in piece(one).html


def test_every_formula_is_evaluated_by_a_test() -> None:
    tests = Path(__file__).parents[1] / "browser" / "test_lesson_formulas.py"
    for one in LESSONS:
        for place in re.findall(r'class="formula[^"]*" id="([^"]+)"', written(one)):
            assert f'"#{place}"' in tests.read_text("utf-8"), f"{one.slug}: {place}"


@PARAMETERS
def test_links_lead_to_lessons(one: Lesson) -> None:
    for slug in re.findall(r'data-lesson="([^"]+)"', written(one)):
        assert lesson(slug), slug


def test_a_missing_number_is_noticed() -> None:
    with pytest.raises(LookupError):
        filled("{{nothing.here}}", {})


def test_a_number_cannot_bring_markup() -> None:
    assert filled("{{a.0}}", {"a": ["<b>"]}) == "&lt;b&gt;"
