"""Exported models kept for a while: they hold for every batch size and length, and take seconds."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path

from bort.latency.workload import Candidate

_folder: ContextVar[Path | None] = ContextVar("_folder", default=None)


@contextlib.contextmanager
def keeping_exports(folder: Path) -> Iterator[None]:
    """Keep exports in `folder` for the length of a `with` block; about 50 MB each for `minilm`.

    The files stay if the block is interrupted, so that going on is quick, and go at its end.
    """
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)
    for file in folder.glob("*.onnx"):
        file.unlink()


def kept(candidate: Candidate, variant: str, export: Callable[[], bytes]) -> bytes:
    """The export of this candidate: kept, or made and then kept if anybody asked for that."""
    folder = _folder.get()
    if folder is None:
        return export()
    key = json.dumps(
        [candidate.family.name, candidate.architecture.id, sorted(candidate.fixed.items()), variant]
    )
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.onnx"
    if path.is_file():
        return path.read_bytes()
    content = export()
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
    return content
