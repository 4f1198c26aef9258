"""The lessons, walked to their end with pointer, finger and keys."""

from contextlib import contextmanager

import pytest
from dashboard import Reader
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("learn")


@pytest.fixture
def learner(address, visit):
    """Open a lesson: `with learner("epsilon", step=3) as (reader, article)`."""

    @contextmanager
    def begin(slug, **settings):
        with visit(address) as reader:
            query = "&".join(
                f"{name}={value}" for name, value in {"lesson": slug, **settings}.items()
            )
            reader.open(f"/lesson?{query}")
            article = reader.page.locator(".lesson[data-ready]")
            expect(article).to_be_visible()
            yield reader, article

    return begin


def answer_all(article):
    """Answer every question rightly, and see it explained."""
    questions = article.locator(".question")
    for number in range(questions.count()):
        question = questions.nth(number)
        expect(question.locator(".why")).to_be_hidden()
        right = question.get_attribute("data-answer")
        wrong = question.locator(f'button:not([value="{right}"])').first
        wrong.click()
        expect(question.get_by_role("status")).to_contain_text("Not this one")
        question.locator(f'button[value="{right}"]').click()
        expect(question.get_by_role("status")).to_have_text("Right.")
        expect(question.locator(".why")).to_be_visible()


def value(article, name):
    return article.locator(f'[data-value="{name}"]').first


def settled_query(reader: Reader, **wanted):
    """The address has these settings, once the browser has written them."""
    expected = {name: [str(one)] for name, one in wanted.items()}
    reader.page.wait_for_function(
        "wanted => { const q = new URLSearchParams(location.search);"
        "return Object.entries(wanted).every(([k, [v]]) => q.get(k) === v) }",
        arg=expected,
    )


def test_from_the_overview_to_a_lesson(address, visit):
    with visit(address) as reader:
        reader.open_first("/lesson?lesson=subarchitecture", "What is a subarchitecture?", charts=0)
        reader.page.get_by_role("link", name="All lessons").click()
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Learn")
        reader.settle()
        reader.page.get_by_role("link", name="Open").first.click()
        reader.settle()
        expect(reader.page.locator(".lesson[data-ready]")).to_be_visible()


def test_subarchitecture(learner):
    with learner("subarchitecture") as (reader, article):
        page = reader.page
        expect(value(article, "built")).to_have_text("36")
        expect(value(article, "size")).to_have_text("72")
        handle = article.get_by_role("slider", name="Middle layer").and_(article.locator(".handle"))
        box = handle.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 + 25, steps=4)
        page.mouse.up()
        expect(value(article, "built")).to_have_text("28")
        article.locator(".handle").nth(2).focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(value(article, "size")).to_have_text("40")
        expect(article.locator("#count")).to_contain_text("2 (9 + 3 + 6 + 2) = 2 · 20 = 40")
        settled_query(reader, width=3, outputs=2)
        article.locator("#walk").get_by_role("button", name="Play").click()
        expect(article.locator("#walk output")).to_have_text("3 / 3")
        expect(article.locator("#walked")).to_contain_text("3-3-2 has 20 parameters, 16 fewer")
        slide(article, "Weights removed", 16)
        slide(article, "Neurons removed", 3)
        expect(article.locator("#compared")).to_contain_text("Both have 20 parameters")
        expect(value(article, "pruned-operations")).to_have_text("28")
        expect(value(article, "shrunk-operations")).to_have_text("15")
        answer_all(article)
        page.reload()
        reader.settle()
        expect(value(article, "shrunk-parameters")).to_have_text("20")


def slide(article, label, steps):
    """Move a slider by keys, as a person without a mouse does."""
    slider = article.get_by_role("slider", name=label, exact=True)
    slider.focus()
    for _ in range(abs(steps)):
        slider.press("ArrowRight" if steps > 0 else "ArrowLeft")


def test_a_teachers_link_presets_and_hides(learner):
    with learner("subarchitecture", width=2, hide="presets,walk", symbols="code") as (_, article):
        expect(value(article, "built")).to_have_text("20")
        expect(article.locator('[data-control="presets"]')).to_have_count(0)
        expect(article.locator('[data-control="walk"]')).to_have_count(0)
        expect(article.locator("#count")).to_contain_text("parameter_count")
