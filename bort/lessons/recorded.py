"""Frames that take too long to compute when a lesson is opened: recorded, and read from a file.

`python -m bort.lessons.recorded` records those in `RECORDED` again, and a test compares their files
with what the code computes today. The others train: `bort bench lessons` records them.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import as_file, files
from typing import Any

from bort.core.files import write_atomically
from bort.lessons.costs.frames import frames as costs_frames
from bort.lessons.epsilon.frames import frames as epsilon_frames
from bort.lessons.glossary.frames import frames as glossary_frames
from bort.lessons.weights.frames import frames as weights_frames

RECORDED: Mapping[str, Callable[[], dict[str, Any]]] = {
    "costs": costs_frames,
    "epsilon": epsilon_frames,
    "glossary": glossary_frames,
    "weights": weights_frames,
}
"""What is recorded, by the lesson's folder."""


@cache
def read(slug: str, name: str = "frames") -> Any:
    """Read a recording of a lesson: its frames, or another file of that name."""
    text = (files("bort.lessons") / slug / f"{name}.json").read_text("utf-8")
    return json.loads(text)


def record() -> None:
    """Compute and write all frames; run from a checkout."""
    for slug, frames in RECORDED.items():
        text = json.dumps(frames(), separators=(",", ":"), allow_nan=False)
        with as_file(files("bort.lessons") / slug) as folder:
            write_atomically(folder / "frames.json", f"{text}\n".encode())


if __name__ == "__main__":
    record()
