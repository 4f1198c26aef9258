"""How many seconds each suite may take, from the table in tests/README.md."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def budgets() -> dict[str, int]:
    """Read the seconds by suite, summed over workers."""
    text = (TESTS / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| ([a-z]+) \|.*\| (\d+) \|$", text, re.MULTILINE)
    return {name: int(seconds) for name, seconds in rows}


def suite(path: Path) -> str:
    """Return a test's folder in `tests/`; "doctests" for the package's doctests."""
    inner = path.parts[len(TESTS.parts) :] if path.is_relative_to(TESTS) else ()
    return inner[0] if inner else "doctests"
