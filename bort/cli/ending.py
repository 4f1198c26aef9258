"""How a command ends: with one line, and with a report if nobody foresaw the error."""

import errno
import platform
import re
import resource
import time
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import mkstemp

from bort.core.errors import first_line

MOST = 300  # characters of a line
LEAST_MEMORY = 400 << 20  # bytes; with less, numpy's libraries wait for memory for ever


def line(message: str, most: int = MOST) -> str:
    """Fit a message into one printable line; what is too long loses its middle.

    The beginning of a message says what was wrong, and its end what to do.

    Examples:
        >>> line("there is no\\nfile \\x1b[2J")
        'there is no file \\\\x1b[2J'
        >>> line("unknown name " + "x" * 500 + "; try another", 40)
        'unknown name xxxxxxxxxx…xxx; try another'
    """
    text = "".join(c if c.isprintable() else _escaped(c) for c in " ".join(message.split()))
    if len(text) <= most:
        return text
    end = most * 2 // 5
    return f"{text[: most - end - 1]}…{text[-end:]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode()


def unforeseen(error: Exception, arguments: Sequence[str]) -> str:
    """Say what happened, and where its report is, for an error that is not one of ours."""
    if isinstance(error, MemoryError):
        return (
            "there is not enough memory for this; close other programs, choose something smaller, "
            "or raise the limit if one is set (ulimit -v)"
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" ({error.filename})" if error.filename else ""
        return f"the disk is full{where}; free some space, or choose another place to write to"
    if isinstance(error, OSError) and error.filename is not None:
        reason = error.strerror or type(error).__name__
        return f"{error.filename} cannot be used ({reason}); check the path"
    kind = type(error).__name__
    reason = line(first_line(error), MOST // 3)
    what = f"this should not have happened ({kind}: {reason})"
    if _is_limited():
        what += "; the memory of this shell is limited: raise the limit (ulimit -v)"
    report = _write_report(error, arguments)
    where = "" if report is None else f"; a report for its developers is in {report}"
    return what + where


def too_little_memory() -> str | None:
    """Say that memory is limited (ulimit -v) so far that libraries hang; None if it is not."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY or limit >= LEAST_MEMORY:
        return None
    return (
        f"the memory of this shell is limited to {limit >> 20} MB, but bort needs at least "
        f"{LEAST_MEMORY >> 20} MB; raise the limit (ulimit -v)"
    )


def _is_limited() -> bool:
    """Check whether memory is limited (ulimit -v): then libraries fail in many ways."""
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _write_report(error: Exception, arguments: Sequence[str]) -> Path | None:
    """Write what a developer needs to the folder for temporary files; None if that fails."""
    facts = [
        f"bort {version('bort')}, Python {platform.python_version()}, {platform.platform()}",
        f"{time.strftime('%Y-%m-%d %H:%M:%S')}",
        f"bort {' '.join(map(repr, arguments))}",
        "".join(traceback.format_exception(error)),
    ]
    text = _without_passwords("\n".join(facts))
    try:
        descriptor, name = mkstemp(prefix="bort-report-", suffix=".txt")
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return None
    return Path(name)


def _without_passwords(text: str) -> str:
    text = re.sub(r"((?:://|['\"])[^\s'\"/:@]*):(?!//)[^\s'\"]*@", r"\1:***@", text)
    return re.sub(r"(password=)[^&\s'\"]*", r"\1***", text)
