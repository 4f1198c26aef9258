"""What databases say when something is wrong, as one line with a remedy."""

import re

from bort.core.errors import StoreError

# Part of the database's message -> what it means and what to do.
_MEANINGS = (
    (
        "database or disk is full",
        "the disk is full: nothing was written to the store {store}; free some space, "
        "or choose another place with --store",
    ),
    (
        "readonly database",
        "the store {store} is read-only; make the file and its folder writable, "
        "or choose another place with --store",
    ),
    (
        "is not a database",
        "{store} is not a database; choose another file with --store",
    ),
    (
        "malformed",
        "the store {store} is damaged; restore it from a copy, or choose another with --store",
    ),
    (
        "is locked",
        "the store {store} was locked by another process for more than {timeout_s:g} s; "
        "see who uses it (bort jobs list), then try again",
    ),
    (
        "unable to open database file",
        "the store {store} cannot be opened; check that the file exists and may be read",
    ),
    (
        "disk I/O error",
        "the disk failed while the store {store} was used; check the disk and its free space",
    ),
)


def explain(error: BaseException | None, url: str, timeout_s: float) -> StoreError:
    """Turn a driver's error into ours.

    Args:
        error: as the driver raised it.
        url: the store's URL; its password is not repeated.
        timeout_s: how long a write waits for others.
    """
    store = shown(url).removeprefix("sqlite:///")
    said = str(error)
    for part, meaning in _MEANINGS:
        if part in said:
            return StoreError(meaning.format(store=store, timeout_s=timeout_s))
    first_line = next(iter(said.splitlines()), "no reason given").strip()
    return StoreError(
        f"the store {store} cannot be used: {shown(first_line)}; "
        "check --store and BORT_STORE, and that the database runs"
    )


def shown(url: str) -> str:
    """`url` without its password.

    Examples:
        >>> shown("postgresql://ann:secret@host/bort")
        'postgresql://ann:***@host/bort'
    """
    return re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:***@", url)
