"""The lessons that end a search (weights, Agora, from a point to a model), and sharing them."""

from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from learner import answer_all, in_browser, settled_query, slide, value
from playwright.sync_api import expect

from benchmarks.lessons.torus import grid_points
from bort.agora.torus.world import angles, true_class
from bort.lessons.book import book
from bort.lessons.catalogue import LESSONS, lesson
from bort.lessons.piece import piece
from bort.lessons.weights.numbers import grid, log_w_on_grid, recorded
from bort.training.loop import TrainingBatch, cross_entropy

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("choosing")


def test_the_scripts_w_is_the_searchs(browser):
    each, made = slice(0, None, 17), piece(lesson("weights"))
    found = in_browser(
        browser,
        made.js,
        "({rows, weights}) => weights.map((one) => logW(rows, one).map(Math.exp))",
        {"rows": made.numbers["rows"], "weights": grid()[each].tolist()},
    )
    assert np.array(found) == pytest.approx(np.exp(log_w_on_grid(recorded()))[each])


def test_weights(learner):
    with learner("weights") as (reader, article):
        page = reader.page
        numbers = piece(lesson("weights")).numbers
        expect(value(article, "winner")).to_have_text(numbers["paper"]["id"])
        expect(article.locator("#formula b")).to_have_text(f"{numbers['paper']['w']:.3f}")
        point = article.locator(".place")
        box = reader.box_at_rest(point)
        middle = (box.width / 2, box.height / 2)
        reader.drag(point, middle, (middle[0], -900))
        lowest = min(numbers["rows"], key=lambda row: row["error"])
        expect(value(article, "winner")).to_have_text(lowest["id"])
        settled_query(reader, size=0, latency=0)
        point.focus()
        page.keyboard.press("ArrowDown")
        settled_query(reader, size=1, latency=0)
        page.reload()
        reader.settle()
        expect(value(article, "winner-place")).to_contain_text("1% on size, 0% on latency, 99% on")
        article.get_by_role("button", name="Only latency").click()
        fastest = numbers["rows"][numbers["walk"][0]["row"]]
        expect(value(article, "winner")).to_have_text(fastest["id"])
        expect(article.locator("#walk output")).to_have_text("off the walk")
        article.locator("#walk").get_by_role("button", name="Play").click()
        expect(article.locator("#walk output")).to_have_text("Step 50 of 50")
        expect(value(article, "winner")).to_have_text(lowest["id"])
        never = next(
            row["id"]
            for i, row in enumerate(numbers["rows"])
            if row["front"] and i not in {region["row"] for region in numbers["regions"]}
        )
        article.locator(f'.dot[data-id="{never}"]').dispatch_event("click")
        expect(article.locator("#touched")).to_contain_text("no weights choose it")
        expect(article.locator(".dot.touched")).to_have_attribute("data-id", never)
        answer_all(article)


def test_torus(learner):
    with learner("torus") as (reader, article):
        numbers = piece(lesson("torus")).numbers
        runs = numbers["runs"]
        frames = runs["random-guesser noisy-oracle 1.5"]["agora"]
        expect(value(article, "betti")).to_have_text("1, 1, 0")
        rounds = article.locator("#rounds")
        rounds.get_by_role("button", name="Play").click()
        expect(rounds.locator("output")).to_have_text("Round 5 of 5")
        expect(value(article, "betti")).to_have_text("1, 2, 1")
        expect(value(article, "size")).to_have_text(f"{frames[-1]['size']:,}")
        labelers = article.get_by_role("group", name="Labeler")
        labelers.get_by_role("button", name="Random waves").click()
        bad = runs["random-guesser random-features 1.5"]["agora"][-1]
        expect(value(article, "betti")).to_have_text("1, 2, 1")
        expect(value(article, "size")).to_have_text(f"{bad['size']:,}")
        canvas = article.locator("#torus canvas")
        reader.drag(canvas, (200, 200), (260, 200))
        settled_query(reader, yaw=50, round=5, labeler="random-features")
        learners = article.get_by_role("group", name="Learner")
        learners.get_by_role("button", name="Nearest neighbours").click()
        labelers.get_by_role("button", name="Always right").click()
        article.get_by_role("button", name="up to 0.1").click()
        expect(value(article, "dev")).to_have_text("0.1%")
        expect(value(article, "audit")).to_have_text("2.1%")
        expect(value(article, "command")).to_contain_text("--learner knn --labeler oracle")
        answer_all(article)
        reader.page.reload()
        reader.settle()
        expect(value(article, "dev")).to_have_text("0.1%")


def test_the_scripts_truth_is_agoras(browser):
    points = grid_points()
    found = in_browser(
        browser,
        piece(lesson("torus")).js,
        "(places) => places.map(([longitude, latitude]) => trueClass(longitude, latitude))",
        np.stack(angles(points), axis=1).tolist(),
    )
    assert found == true_class(points).tolist()


def test_model(learner):
    with learner("model") as (_, article):
        numbers = piece(lesson("model")).numbers
        slide(article, "Layers", 1)
        expect(value(article, "layers-taken")).to_have_text("2, 4, 6")
        slide(article, "Hidden size", 2)
        expect(value(article, "stream-kept")).to_have_text("100.0%")
        article.locator("#training").get_by_role("button", name="Play").click()
        expect(value(article, "step")).to_have_text("200")
        inherited = numbers["errors"]["2-12-192-768 inherit"][-1]
        expect(value(article, "inherited-error")).to_have_text(f"{100 * inherited:.1f}%")
        slide(article, "The student's probability of “positive”", -10)
        expect(article.locator("#loss-formula b").first).to_have_text("0.500")
        models = article.get_by_role("group", name="Model", exact=True)
        models.get_by_role("button", name="banking77: static-1000-64").click()
        one = next(one for one in numbers["finished"] if one["id"] == "static-1000-64")
        expect(value(article, "promised")).to_have_text(f"{100 * one['promised']:.1f}%")
        expect(value(article, "judged")).to_have_text("?")
        article.get_by_role("slider", name="Evaluation").press("End")
        expect(value(article, "judged")).to_have_text(f"{100 * one['audit']:.1f}%")
        slide(article, "Networks that looked best", 9)
        top = numbers["tops"][9]
        expect(value(article, "top-realised")).to_have_text(f"{100 * top['realised']:.1f}%")
        article.get_by_role("button", name="latencies").click()
        expect(article.locator("#pairs .pair")).to_have_count(numbers["held_out"])
        article.get_by_role("button", name="finished models").click()
        expect(article.locator("#pairs .pair")).to_have_count(len(numbers["finished"]))
        answer_all(article)


def test_the_scripts_loss_is_the_trainings(browser):
    pairs = [(q, p) for q in (0.5, 0.8, 1.0) for p in (0.01, 0.3, 0.8, 0.99)]
    found = in_browser(
        browser,
        piece(lesson("model")).js,
        "(pairs) => pairs.map(([q, p]) => crossEntropy(q, p))",
        pairs,
    )
    for (q, p), loss in zip(pairs, found, strict=True):
        logits, targets = torch.tensor([[1 - p, p], [1 - q, q]], dtype=torch.float64)[:, None]
        objective = cross_entropy(lambda *_, said=logits: torch.log(said))
        nothing = torch.zeros(1, dtype=torch.int64)
        batch = TrainingBatch(nothing, nothing, nothing, targets, np.zeros(1, dtype=np.int64))
        assert float(objective(batch)) == pytest.approx(loss)


def test_a_teacher_shares_a_lesson(learner):
    with learner("torus", round=2) as (reader, article):
        article.get_by_text("For teachers").click()
        article.get_by_role("checkbox", name="Hide Labeler (labeler)").check()
        article.get_by_role("checkbox", name="Names of the code").check()
        link = article.get_by_label("The link").input_value()
        assert link.endswith("/lesson?lesson=torus&round=2&hide=labeler,teach&symbols=code")
        with reader.page.expect_download() as saving:
            article.get_by_role("button", name="errors", exact=True).click()
        picture = ElementTree.parse(saving.value.path()).getroot()
        assert picture.tag.endswith("svg")
        assert "stroke:rgb(" in ElementTree.tostring(picture, encoding="unicode")
        reader.page.goto(link)
        expect(article).to_be_visible()
        expect(article.locator('[data-control="labeler"]')).to_have_count(0)
        expect(article.locator('[data-control="learner"]')).to_have_count(1)
        expect(article.get_by_text("For teachers")).to_have_count(0)


def test_the_file_opens_without_anything_else(browser, tmp_path):
    file = tmp_path / "lessons.html"
    file.write_text(book(), encoding="utf-8")
    context = browser.new_context(
        offline=True, has_touch=True, viewport={"width": 420, "height": 900}
    )
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    for number, one in enumerate(LESSONS):
        page.locator("main li a").nth(number).click()
        article = page.locator(".lesson[data-ready]")
        expect(article).to_have_attribute("data-lesson", one.slug)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 420, one.slug
        page.get_by_role("link", name="bort · lessons").click()
        expect(article).to_have_count(0)
    expect(page.get_by_role("link", name="ten exercises")).to_have_attribute(
        "download", "teaching.md"
    )
    page.goto(f"{file.as_uri()}?lesson=torus&round=1")
    audit = page.locator("[data-value=audit]").first
    shown = audit.inner_text()
    # Choices that do not exist are the first ones.
    page.goto(f"{file.as_uri()}?lesson=torus&round=1&learner=nobody&labeler=nobody&radius=far")
    expect(audit).to_have_text(shown)
    assert page.locator("[data-control=labeler] [aria-pressed=true]").count() == 1
    page.locator("#rounds").get_by_role("button", name="One step forward").tap()
    expect(page.locator("#rounds output")).to_have_text("Round 2 of 5")
    context.close()
    assert complaints == []
