"""Open a running dashboard's first page in a real Chromium: `paint_home.py ADDRESS`.

Exits with an error unless the example's front is painted and the browser does not complain.
"""

import sys

from chromium import chromium, opened
from dashboard import Reader
from playwright.sync_api import expect


def main(address: str) -> None:
    """Check the first page, then follow its button to the front."""
    with opened(chromium()) as browser:
        reader = Reader(browser.new_page(viewport={"width": 1400, "height": 1000}), address)
        reader.open("/")
        expect(reader.charts()).to_have_count(1)
        reader.page.get_by_role("button", name="Explore its Pareto front").click()
        reader.settle()
        expect(reader.page.get_by_role("heading", level=1)).to_have_text("Pareto front")
        expect(reader.charts()).to_have_count(5)
        expect(reader.page.get_by_test_id("stException")).to_have_count(0)
        expect(reader.problems()).to_have_count(0)
        if reader.complaints:
            raise SystemExit(f"the browser complains: {reader.complaints}")
    print("The example's front is painted in Chromium.")


if __name__ == "__main__":
    main(sys.argv[1])
