"""The terminal that tables and sentences are printed on."""

import re
from collections.abc import Iterable
from textwrap import fill
from typing import Any

from rich.console import Console
from rich.segment import Segment

# C0, C1, what reverses the order of letters, and halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
LONGEST = 300  # characters of one line
NARROWEST = 80  # columns; a narrower terminal wraps the lines, and no number is cut away


class Terminal(Console):
    """A console as wide as the terminal or wider, that shows data as text.

    A column's name or a text may hold an escape sequence, which would move the cursor or change
    colours. Here it is printed as its code.

    Args:
        stderr: print where progress and warnings go.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr)
        if not stderr and self.width < NARROWEST:  # progress is drawn anew, and must not wrap
            self.width = NARROWEST

    def on_broken_pipe(self) -> None:
        """Let the command decide how it ends; called while the error is handled."""
        raise

    def render(self, *given: Any, **options: Any) -> Iterable[Segment]:
        """Render as usual, with control characters of the data as their codes."""
        for segment in super().render(*given, **options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


def folded(sentence: str) -> str:
    """Return a sentence in one line, or in several if it is too long for that."""
    return sentence if len(sentence) <= LONGEST else fill(sentence, NARROWEST)


def printable(text: str) -> str:
    r"""Return `text` with control characters as their codes, except for line ends and tabs.

    Examples:
        >>> printable("\x1b[31mred")
        '\\x1b[31mred'
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
