"""Settings of a lesson: a player changes only its own, and setting back leaves none."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from bort.lessons.book import book
from bort.lessons.catalogue import LESSONS

pytestmark = pytest.mark.browser

# A walk through networks, or through weights, moves what it walks through.
WALKED = {"subarchitecture": {"inputs", "width", "outputs"}, "weights": {"size", "latency"}}
WITHOUT_PLAYERS = ("glossary",)

# Move each slider by one, turn each switch, and take the last of each choice.
MOVE_ALL = """() => {
  const tell = (input, kind) => input.dispatchEvent(new Event(kind, { bubbles: true }));
  for (const input of document.querySelectorAll(".slider input")) {
    input.stepUp();
    if (input.value === input.max) input.stepDown(2);
    tell(input, "input");
  }
  for (const input of document.querySelectorAll(".toggle[data-control] input")) input.click();
  for (const group of document.querySelectorAll(".choice")) [...group.children].at(-1).click();
}"""

# Play and pause, go to the start, and one step on; returns the settings that players have.
PLAY_ALL = """() => [...document.querySelectorAll(".player")].map((player) => {
  const press = (name) => player.querySelector(`[aria-label="${name}"]`).click();
  for (const name of ["Back to the start", "Play", "Pause", "One step forward"]) press(name);
  return player.dataset.control;
})"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    place = tmp_path_factory.mktemp("state") / "lessons.html"
    place.write_text(book(), encoding="utf-8")
    return place


def settings(page) -> dict[str, str]:
    """All settings, as a teacher's link has them at once; the address follows a moment later."""
    link = page.get_by_label("The link").input_value()
    return {k: v for k, v in parse_qsl(urlsplit(link).query) if k not in ("lesson", "hide")}


@pytest.mark.parametrize("slug", [one.slug for one in LESSONS if one.slug not in WITHOUT_PLAYERS])
def test_a_player_keeps_all_other_settings(browser, file, slug) -> None:
    page = browser.new_page()
    try:
        page.goto(f"{file.as_uri()}?lesson={slug}")
        page.wait_for_selector(".lesson[data-ready]")
        page.locator(".teach summary").click()
        page.evaluate(MOVE_ALL)
        before = settings(page)
        own = {*page.evaluate(PLAY_ALL), *WALKED.get(slug, ())}
        after = settings(page)
        others = before.keys() - own
        assert others or slug == "weights"  # there, all are walked through
        assert {name: after.get(name) for name in others} == {name: before[name] for name in others}
        page.wait_for_function(
            "wanted => wanted.every(([k, v]) => new URLSearchParams(location.search).get(k) === v)",
            arg=list(after.items()),
        )
        page.reload()
        page.wait_for_selector(".lesson[data-ready]")
        page.locator(".teach summary").click()
        assert settings(page) == after
        page.get_by_role("button", name="Set everything back").click()
        assert settings(page) == {}
    finally:
        page.close()
