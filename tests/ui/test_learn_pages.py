"""The pages of the lessons: overview, each lesson, wrong addresses."""

import pytest
from made_up_study import fill
from visits import Open, shown

from bort.lessons.catalogue import LESSONS, Lesson
from bort.storage import Store


def test_the_overview_lists_every_lesson(store: Store, visit: Open) -> None:
    app = visit("learn")
    assert not app.exception
    cards = [one.proto.body for one in app.get("html") if "bort-card" in one.proto.body]
    cards = [card for card in cards if card.startswith("<div")]
    assert len(cards) == len(LESSONS)
    for card, lesson in zip(cards, LESSONS, strict=True):
        assert f"<h3>{lesson.title}</h3>" in card
        assert "data:image/svg+xml" in card
    queries = [link.proto.query_string for link in app.get("page_link")]
    assert queries == [f"lesson={lesson.slug}" for lesson in LESSONS]
    for lesson in LESSONS:
        assert lesson.answers in shown(app)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_a_lesson_opens_with_links_to_others(store: Store, visit: Open, lesson: Lesson) -> None:
    app = visit("lesson", lesson=lesson.slug)
    assert not app.exception
    assert [title.value for title in app.title] == [lesson.title]
    assert len(app.get("bidi_component")) == 1
    labels = [link.proto.label for link in app.get("page_link")]
    assert labels[0] == "All lessons"
    following = LESSONS[LESSONS.index(lesson) + 1 :][:1]
    assert [label for label in labels if label.startswith("Next")] == [
        f"Next: {one.title}" for one in following
    ]


@pytest.mark.parametrize("query", [{}, {"lesson": "<b>"}])
def test_an_unknown_lesson_opens_the_first(store: Store, visit: Open, query: dict) -> None:
    app = visit("lesson", **query)
    assert not app.exception
    assert [title.value for title in app.title] == [LESSONS[0].title]


def test_helps_link_to_the_glossary(store: Store, visit: Open) -> None:
    fill(store, "mine", budget=8)
    app = visit("pareto", study="mine")
    assert not app.exception
    (epsilon,) = [one for one in app.select_slider if one.label.startswith("ε")]
    assert "[ε, epsilon](lesson?lesson=glossary&term=epsilon)" in epsilon.help
    html = " ".join(one.proto.body for one in app.get("html"))
    for term in ("lambda", "tau", "audit"):
        assert f'href="lesson?lesson=glossary&amp;term={term}"' in html or f"term={term}" in html


def test_a_lesson_leads_to_the_page_where_one_does_it(store: Store, visit: Open) -> None:
    links = [link.proto for link in visit("lesson", lesson="costs").get("page_link")]
    assert ("Train a family yourself", "search") in [(one.label, one.page) for one in links]
