"""The lessons, walked to their end with pointer, finger and keys."""

import pytest
from learner import answer_all, in_browser, settled_query, slide, value
from playwright.sync_api import expect

from bort.lessons.catalogue import lesson
from bort.lessons.piece import piece

pytestmark = pytest.mark.browser

COVERED = """one => {
  const { x, y, width, height } = one.getBoundingClientRect();
  return !!document.elementFromPoint(x + width / 2, y + height / 2)?.closest("a");
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("learn")


def test_from_the_overview_to_a_lesson(address, visit):
    with visit(address) as reader:
        reader.open_first("/lesson?lesson=subarchitecture", "What is a subarchitecture?", charts=0)
        reader.page.get_by_role("link", name="All lessons").click()
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Learn")
        reader.settle()
        card = reader.page.locator(".st-key-card-costs h3")
        expect(card).to_have_text("Three costs")
        reader.box_at_rest(card)
        reader.page.wait_for_function(COVERED, arg=card.element_handle())
        card.click(force=True)  # it hits the link that lies over the card
        reader.page.wait_for_url("**/lesson?lesson=costs")
        reader.settle()
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Three costs")
        expect(reader.page.locator(".lesson[data-ready]")).to_be_visible()


def test_subarchitecture(learner):
    with learner("subarchitecture") as (reader, article):
        page = reader.page
        expect(value(article, "built")).to_have_text("36")
        expect(value(article, "size")).to_have_text("72")
        handle = article.get_by_role("slider", name="Middle layer").and_(article.locator(".handle"))
        box = reader.box_at_rest(handle)
        middle = (box.width / 2, box.height / 2)
        reader.drag(handle, middle, (middle[0], middle[1] + 25))
        expect(value(article, "built")).to_have_text("28")
        article.locator(".handle").nth(2).focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(value(article, "size")).to_have_text("40")
        expect(article.locator("#count")).to_contain_text("2 (9 + 3 + 6 + 2) = 2 · 20 = 40")
        settled_query(reader, width=3, outputs=2)
        counter = article.locator("#walk output")
        expect(counter).to_have_text("Step 3 of 3")  # the handles have gone the same way
        article.get_by_role("button", name="3-2-2, 14 parameters").click()
        expect(counter).to_have_text("off the walk")
        article.get_by_role("button", name="3-3-4, 28 parameters").click()
        expect(counter).to_have_text("Step 1 of 3")
        article.locator("#walk").get_by_role("button", name="Play").click()
        expect(counter).to_have_text("Step 3 of 3")
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


def test_a_teachers_link_presets_and_hides(learner):
    with learner("subarchitecture", width=2, hide="presets,walk", symbols="code") as (_, article):
        expect(value(article, "built")).to_have_text("20")
        expect(article.locator('[data-control="presets"]')).to_have_count(0)
        expect(article.locator('[data-control="walk"]')).to_have_count(0)
        expect(article.locator("#count")).to_contain_text("parameter_count")


def test_epsilon(learner):
    with learner("epsilon") as (reader, article):
        page = reader.page
        expect(value(article, "trained")).to_have_text("0")
        article.locator("#player").get_by_role("button", name="One step forward").click()
        expect(value(article, "trained")).to_have_text("1")
        article.locator("#player").get_by_role("slider", name="Trainings").press("End")
        expect(article.locator("#player .said")).to_contain_text(
            "Every network is covered. 10 of 48"
        )
        expect(value(article, "covered")).to_have_text("48")
        slide(article, "ε, how close is close enough", 3)  # 0.25, 0.3, 0.4, 0.5
        expect(value(article, "trained")).to_have_text("7")
        article.get_by_role("button", name="estimated").click()
        article.locator("#player").get_by_role("slider", name="Trainings").press("Home")
        expect(article.locator("#player .said")).to_contain_text("λ is unknown")
        article.get_by_role("button", name="known", exact=True).click()
        article.locator("#player").get_by_role("slider", name="Trainings").press("End")
        cell = article.locator("#map [data-cell='27']")
        cell.click()
        expect(value(article, "id")).to_have_text("4-48")
        expect(article.locator("#told")).to_contain_text("4-48 is covered by")
        expect(article.locator("#condition")).to_contain_text("so it is covered")
        settled_query(reader, epsilon=0.5, cell=27)
        article.locator("#prices [role=button]").first.click()
        expect(article.locator("#prices .here")).to_have_attribute(
            "aria-label", "ε = 0.1: 20 trainings"
        )
        article.locator("#haystack [data-cell='27']").click()
        expect(article.locator("#broken")).to_contain_text("The certificate is wrong")
        slide(article, "Networks that an audit draws", 3)
        expect(article.locator("#audited")).to_contain_text("3 drawn, none failed")
        slide(article, "Networks that an audit draws", 33)
        expect(article.locator("#audited")).to_contain_text("The audit drew the needle")
        article.locator("#haystack .trained").first.click()
        expect(article.locator("#broken")).to_contain_text("Its certificate is right")
        answer_all(article)
        page.reload()
        reader.settle()
        expect(article.locator("#prices .here")).to_have_attribute(
            "aria-label", "ε = 0.1: 20 trainings"
        )


def test_cones_are_those_of_the_search(browser):
    """JavaScript draws the cones; their envelope is the lower bound that Python recorded."""
    made = piece(lesson("epsilon"))
    cones = """({ cells, runs }) => {
      const sizes = cells.map(({ id }) => id.split("-").map(Number));
      let worst = 0;
      const all = runs.flatMap(({ picks, steps }) =>
        steps.map((step, i) => [step, picks.slice(0, i)]));
      for (const [{ lower, lipschitz }, trained] of all) lower?.forEach((low, at) => {
        const found = trained.includes(at) ? cells[at].error : Math.exp(Math.max(...trained.map(
          (from) => coneAt(Math.log(cells[from].error), lipschitz, sizes[from], sizes[at]))));
        worst = Math.max(worst, Math.abs(found - low));
      });
      return worst;
    }"""
    worst = in_browser(browser, made.js, cones, made.numbers)
    assert 0 < worst < 3e-4  # both are rounded to four digits


def test_abnc(learner):
    with learner("abnc") as (reader, article):
        expect(article.locator("#verdict")).to_contain_text("The property holds.")
        expect(article.locator("#formula")).to_contain_text("302,309,376")
        article.get_by_role("button", name="Bort", exact=True).click()
        expect(article.locator("#verdict")).to_contain_text("The property does not hold.")
        expect(article.locator("#formula")).to_contain_text("23,108,608")
        slide(article, "Vocabulary, V", -2)
        expect(article.locator("#verdict")).to_contain_text("The property holds.")
        settled_query(reader, depth=4, intermediate=768, vocabulary=8000)
        article.locator("#player").get_by_role("slider", name="Step of the walk").press("End")
        expect(article.locator("#player .said")).to_contain_text("the middle has 41% of all")
        answer_all(article)


def test_costs(learner):
    with learner("costs") as (reader, article):
        expect(article.locator("#guess")).not_to_contain_text("ms")
        slide(article, "How many times as fast is the faster one?", 2)  # 2, 3, 4
        article.get_by_role("button", name="The upper one").click()
        expect(article.locator("#told")).to_contain_text("1-288-1536 is 4.2 times as fast")
        expect(article.locator("#told")).to_contain_text("You said 4 times")
        expect(article.locator("#guess")).to_contain_text("8.3 ms")
        article.locator("#pair").get_by_role("button", name="3", exact=True).click()
        expect(article.locator("#guess")).not_to_contain_text("ms")
        article.get_by_role("button", name="They take the same time").click()
        expect(article.locator("#told")).to_contain_text("Right: both take the same time")
        expect(value(article, "front")).to_have_text("19")
        player = article.locator("#player").get_by_role("slider", name="Networks")
        player.press("Home")
        expect(value(article, "front")).to_have_text("0")
        article.locator("#player").get_by_role("button", name="Play").click()
        article.locator("#player").get_by_role("button", name="Pause").click()
        player.press("End")
        article.locator('#scatter [data-point="31"]').click()
        expect(article.locator("#touched")).to_contain_text("so it is on the front")
        expect(article.locator("#beats")).to_contain_text("so 4-288-1536 beats")
        expect(article.locator("#real")).to_contain_text("overlap: do not trust the order")
        slide(article, "Compare with", 17)
        expect(article.locator("#real")).to_contain_text("do not overlap")
        settled_query(reader, point=31, pair=3, against=17)
        answer_all(article)


def test_a_term_explains_itself_and_leads_to_its_picture_and_back(learner):
    with learner("epsilon", epsilon=0.5) as (reader, article):
        article.get_by_role("link", name="covered", exact=True).click()
        note = article.get_by_role("note")
        expect(note).to_contain_text("A few trained networks such that")
        note.get_by_role("link", name="See its picture").click()
        reader.settle()
        expect(article.locator(".entry.here h2")).to_have_text("Cover")
        expect(article.locator(".entry.here svg .tile")).to_have_count(48)
        article.get_by_role("link", name="Betti numbers").click()
        expect(article.locator(".entry.here")).to_contain_text("A ring has 1 and 1")
        article.get_by_role("button", name="Back to where you were").click()
        reader.settle()
        expect(article.locator("#prices .here")).to_have_attribute(
            "aria-label", "ε = 0.5: 7 trainings"
        )


def test_back_and_a_reload_keep_the_settings(learner):
    with learner("costs") as (reader, article):
        slide(article, "How many times as fast is the faster one?", 1)
        article.locator("#player").get_by_role("slider", name="Networks").press("Home")
        settled_query(reader, step=0, times=3)
        reader.page.get_by_role("link", name="Next: Epsilon").click()
        expect(article).to_have_attribute("data-lesson", "epsilon")
        reader.settle()
        settled_query(reader, lesson="epsilon")
        reader.page.go_back()
        expect(article).to_have_attribute("data-lesson", "costs")
        expect(value(article, "front")).to_have_text("0")
        reader.page.reload()
        expect(value(article, "front")).to_have_text("0")
        settled_query(reader, step=0, times=3)
        article.get_by_text("For teachers").click()
        article.get_by_role("button", name="Set everything back").click()
        expect(value(article, "front")).to_have_text("19")


def test_a_finger_on_a_phone_is_enough_and_tabs_do_not_share_settings(address, browser):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    try:
        first, second = context.new_page(), context.new_page()
        for page in (first, second):
            page.goto(f"{address}/lesson?lesson=epsilon&step=10")
        articles = [page.locator(".lesson[data-ready]") for page in (first, second)]
        for article in articles:
            expect(value(article, "covered")).to_have_text("48")
        articles[0].locator("#map [data-cell='27']").tap()
        expect(value(articles[0], "id")).to_have_text("4-48")
        articles[0].locator("#player").get_by_role("button", name="One step back").tap()
        expect(value(articles[0], "trained")).to_have_text("9")
        expect(value(articles[1], "trained")).to_have_text("10")
        assert first.evaluate("document.documentElement.scrollWidth") == 390
    finally:
        context.close()
