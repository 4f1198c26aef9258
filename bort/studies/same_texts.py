"""The texts and labels of a job's task, which must stay the same as long as it is continued."""

from pathlib import Path

from bort.core.errors import InvalidDataError
from bort.core.files import read_json, write_json_atomically

_TEXTS = "texts.json"  # in the job's folder


def known_digest(folder: Path) -> str | None:
    """Return the SHA-256 of the texts that a job's first attempt read; None if it kept none."""
    kept = read_json(folder / _TEXTS)
    return None if kept is None else str(kept["digest"])


def check_same_texts(folder: Path, digest: str, *, begun: str, again: str) -> None:
    """Keep the digest of a job's texts, or compare it as `check_unchanged` does."""
    if known_digest(folder) is None:
        write_json_atomically(folder / _TEXTS, {"digest": digest})
    check_unchanged(folder, digest, begun=begun, again=again)


def check_unchanged(folder: Path, digest: str, *, begun: str, again: str) -> None:
    """Compare a task's digest with the one that a job kept, if it kept one.

    Args:
        folder: of the job that began.
        digest: of its task as it is read now, `Task.digest`.
        begun: what began, for the message: `this comparison`.
        again: the command that starts another one.
    Raises:
        InvalidDataError: the texts have changed since.
    """
    before = known_digest(folder)
    if before not in (None, digest):
        raise InvalidDataError(
            f"the task's texts or labels have changed since {begun} began "
            f"({str(before)[:12]}… then, {digest[:12]}… now); start another one: {again}"
        )
