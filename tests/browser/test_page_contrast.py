"""All text is readable, and all controls have names, on every page in light and in dark."""

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from dashboard import PATIENCE_S, store_url
from made_up_study import fill
from playwright.sync_api import expect

from bort.core import paths
from bort.jobs import list_jobs
from bort.storage import ensure_example_jobs, ensure_examples, open_store

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": ["wcag2a", "wcag2aa"]
}  # the contrast of text among them: 4.5:1, or 3:1 if large

# axe does not judge text in pictures: here is what of it has too little contrast to the page.
IN_PICTURES = """least => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + [0.2126, 0.7152, 0.0722][i] * c, 0);
  const page = numbers(getComputedStyle(document.querySelector(".stApp")).backgroundColor);
  const faint = [];
  for (const text of document.querySelectorAll(".js-plotly-plot svg text, .bort-parallel text")) {
    const chart = text.closest(".js-plotly-plot"); // the next two are on a ground of their own
    const coloured = chart?.querySelector(".heatmaplayer .hm") && text.closest(".textpoint");
    if (coloured || text.closest(".hoverlayer")) continue;
    if (!text.textContent.trim() || !text.getBoundingClientRect().width) continue;
    const [r, g, b, alpha = 1] = numbers(getComputedStyle(text).fill);
    let share = alpha;
    for (let at = text; at; at = at.parentElement) share *= getComputedStyle(at).opacity;
    const seen = [r, g, b].map((c, i) => share * c + (1 - share) * page[i]);
    const [low, high] = [light(seen), light(page)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    if (ratio < least) faint.push(`${text.textContent}: ${ratio.toFixed(2)}`);
  }
  return faint;
}"""

STUDY = "made-up"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with open_store(store_url(home)) as store:
        fill(store, STUDY, budget=16)
        ensure_examples(store, paths.examples())
        ensure_example_jobs(store, paths.example_jobs())
    return home


@pytest.mark.parametrize(
    ("path", "charts"),
    [
        ("/", 1),
        ("/search", 0),
        (f"/pareto?study={STUDY}&at-most=1,0.01,1", 5),
        (f"/pareto?study={STUDY}&view=axes", 1),
        ("/models", 6),
        ("/agora", 0),
        ("/agora?job={agora}", 1),
        ("/machine?job={landmarks}", 1),
        ("/lesson?lesson=epsilon", 0),
    ],
)
def test_text_is_readable_and_controls_have_names(path, charts, place, address, visit):
    with open_store(store_url(place)) as store:
        examples = {job.kind: job.id for job in list_jobs(store) if job.is_example}
    with visit(address) as reader:
        reader.open(path.format_map(examples))
        expect(reader.charts()).to_have_count(charts)
        for scheme in ("light", "dark"):
            reader.page.emulate_media(color_scheme=scheme)
            expect(reader.page.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)
            nothing_is_wrong(reader, scheme)


def nothing_is_wrong(reader, scheme):
    """Late pieces still have the other scheme's colours, so look again until all is right."""
    give_up = time.monotonic() + PATIENCE_S
    while wrong := [*violations(reader.page), *reader.page.evaluate(IN_PICTURES, 4.5)]:
        assert time.monotonic() < give_up, f"{scheme}: {wrong}"
        reader.page.wait_for_timeout(500)


def violations(page):
    """What axe finds: the rule, where, and why."""
    reader = Axe().run(page, options=RULES)
    return [
        (one["id"], node["html"][:120], node["failureSummary"].splitlines()[-1])
        for one in reader.response["violations"]
        for node in one["nodes"]
    ]
