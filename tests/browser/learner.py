"""What a person does in a lesson."""

from dashboard import Reader
from playwright.sync_api import expect


def answer_all(article):
    """Answer every question rightly, and see it explained."""
    questions = article.locator(".question")
    for number in range(questions.count()):
        question = questions.nth(number)
        expect(question.locator(".why")).to_be_hidden()
        right = question.get_attribute("data-answer")
        wrong = question.locator(f'button:not([value="{right}"])').first
        wrong.click()
        expect(question.get_by_role("status")).to_have_text("Not this one.")
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


def slide(article, label, steps):
    """Move a slider by keys, as a person without a mouse does."""
    slider = article.get_by_role("slider", name=label, exact=True)
    slider.focus()
    for _ in range(abs(steps)):
        slider.press("ArrowRight" if steps > 0 else "ArrowLeft")


def in_browser(browser, script, function, argument):
    """Call a JavaScript function that sees what a lesson's script defines; returns JSON values."""
    page = browser.new_page()
    try:
        return page.evaluate(
            f"argument => {{ {script}\n return ({function})(argument); }}", argument
        )
    finally:
        page.close()
