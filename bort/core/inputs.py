"""Read files that somebody names. Only plain files: a FIFO would never end, nor would a device."""

import errno
import json
import math
import os
import stat
from pathlib import Path
from typing import Any

MOST_DIGITS = 400  # of a whole number
LARGEST = 4 << 30  # bytes; a file is read into memory at once


def read_input(path: Path, *, most: int = LARGEST) -> bytes:
    """Read a plain file.

    Raises:
        OSError: it cannot be opened, is a folder, FIFO, device or socket, or has more than `most`
            bytes; `strerror` says which. It never waits.
    """
    descriptor = _open_plain(path)
    with open(descriptor, "rb") as file:
        size = os.fstat(descriptor).st_size
        if size > most:
            raise OSError(errno.EFBIG, f"it has {size:,} bytes, but at most {most:,} are read")
        return file.read(most)


def check_plain(path: Path) -> None:
    """Check that another library may open this file.

    Raises:
        OSError: as `read_input` does, whatever the size.
    """
    os.close(_open_plain(path))


def _open_plain(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as error:  # a null byte, or half of a surrogate pair
        raise OSError(errno.EINVAL, f"its name is impossible: {error}") from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError(errno.EINVAL, "it is not a plain file")


def parse_json(content: str | bytes) -> Any:
    """Parse JSON in which each key is given once, every number is finite and every text can be
    written to a file.

    Raises:
        ValueError: it is not JSON, too deep, has a key twice, NaN, an infinity or half of a
            surrogate pair.

    Examples:
        >>> parse_json('{"a": 1e400}')
        Traceback (most recent call last):
        ValueError: the number 1e400 is too large
    """
    try:
        found = json.loads(
            content,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=once,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if (b"\\ud" if isinstance(content, bytes) else "\\ud") in content.lower():  # type: ignore[operator]
        _check_texts(found)
    return found


class KeyGivenTwiceError(ValueError):
    """An object in JSON gives a key twice, and programs differ in which value they take."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary of an object's keys and values; for `json`'s `object_pairs_hook`.

    Raises:
        KeyGivenTwiceError: a key is given twice.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise KeyGivenTwiceError(f"{twice[:40]!r} is given twice")
    return found


def _refuse(constant: str) -> float:
    raise ValueError(f"it contains {constant}")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number has {len(text):,} digits")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text[:20]} is too large")
    return value


def _check_texts(found: Any) -> None:
    try:
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text contains half of a surrogate pair") from None
