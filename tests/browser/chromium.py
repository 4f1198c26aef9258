"""The Chromium that the browser tests drive: found, or installed, by `find-chromium`."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard import PATIENCE_S
from playwright.sync_api import Browser, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class NoChromiumError(Exception):
    """This machine has no Chromium, and it cannot be installed."""


def chromium() -> str:
    """Return the path of the program.

    Raises:
        NoChromiumError: there is none; the message says what to do.
    """
    script = Path(__file__).parent / "find-chromium"
    found = subprocess.run([script], capture_output=True, text=True, check=False)
    if found.returncode:
        raise NoChromiumError(found.stderr.strip().splitlines()[-1])
    return found.stdout.strip()


@contextmanager
def opened(program: str) -> Iterator[Browser]:
    """A running browser."""
    with sync_playwright() as playwright:
        expect.set_options(timeout=1000 * PATIENCE_S)
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
