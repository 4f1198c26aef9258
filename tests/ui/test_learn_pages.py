"""The pages of the lessons: overview, each lesson, wrong addresses."""

import pytest
from made_up_study import fill
from visits import Open, drawn, shown

from bort.core.study import StudySpec
from bort.lessons.catalogue import LESSONS, Lesson
from bort.lessons.costs import family
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
    (plan,) = app.get("download_button")
    assert "ten exercises" in plan.proto.label
    queries = [link.proto.query_string for link in app.get("page_link")]
    assert queries == [f"lesson={lesson.slug}" for lesson in LESSONS]
    for lesson in LESSONS:
        assert lesson.answers in shown(app)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_a_lesson_opens_with_links_to_others(store: Store, visit: Open, lesson: Lesson) -> None:
    app = visit("lesson", lesson=lesson.slug)
    assert not app.exception
    assert [title.value for title in app.title] == [lesson.title]
    assert drawn(app) == 1
    labels = [link.proto.label for link in app.get("page_link")]
    assert labels[0] == "All lessons"
    following = LESSONS[LESSONS.index(lesson) + 1 :][:1]
    html = shown(app)
    assert html.count("Next: ") == len(following)
    for one in following:
        assert f'href="lesson?lesson={one.slug}" target="_self">Next: {one.title} →</a>' in html


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
    assert ("Search a family of your own", "search") in [(one.label, one.page) for one in links]


def test_the_family_can_be_trained_afresh(
    store: Store, visit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_store: Store, kind: str, spec: dict[str, object], *, study: str) -> int:
        assert StudySpec.from_dict(spec).search.question.goal.evaluates_everything
        return store.create_job(kind, spec, study=study).id

    monkeypatch.setattr("bort.ui.search.start.start_detached", start)
    monkeypatch.setattr("bort.studies.checks.check_study", lambda spec, **options: spec)
    fill(store, f"{family.NAME}-of-old", budget=2)
    app = visit("lesson", lesson="costs")
    assert not app.get("button")  # what it costs is estimated only when somebody asks
    app.session_state["afresh"] = True
    app.run()
    assert not app.exception
    assert "48 at most" in shown(app)
    labels = [link.proto.label for link in app.get("page_link")]
    assert f"The front of {family.NAME}-of-old" in labels
    app.button(key="afresh-start").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Search"]
    assert "Job 1 is about to start" in shown(app)
    assert store.study(family.NAME).spec == family.study()
