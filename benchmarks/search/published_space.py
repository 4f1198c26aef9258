"""The published space, searched with short training: Bort's rank, and the picks by W.

Run: python -m benchmarks.search.published_space data/recorded/published-space/*.json

Prints Markdown. Reads recorded studies (`bort front --study NAME --record FILE`); trains nothing.
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bort.core.study import TaskSpec
from bort.storage import open_store
from bort.storage.recorded import import_study
from bort.studies.answers import read_answer
from bort.studies.answers.values import Point, StudyAnswer
from bort.tasks import load_task

PUBLISHED = "4-8-1024-768"
WEIGHTS = ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (1, 1, 4), (1, 1, 8), (0, 0, 1))
Z = 1.96  # of a 95% interval


def chance() -> float:
    """Compute the dev error of always answering with the more frequent class."""
    labels = load_task(TaskSpec(task="movie-reviews")).dev.labels
    return 1 - float(np.bincount(labels).max()) / len(labels)


def reaches(point: Point, error: float) -> bool:
    """Check whether the interval of the point's error contains this error or is above it."""
    return point.error_rate + Z * point.error_se >= error


def read(path: Path) -> dict[tuple[int, ...], StudyAnswer]:
    """Read the study in a file, with an answer for each of `WEIGHTS`."""
    recorded = json.loads(path.read_text("utf-8"))
    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{folder}/s.db") as store:
        name = import_study(store, recorded).name
        return {w: read_answer(store, name, weights=w) for w in WEIGHTS}


def page(studies: Sequence[dict[tuple[int, ...], StudyAnswer]], by_chance: float) -> str:
    """Write the page in Markdown."""
    parts = [
        "# The published space, searched with short training\n",
        "The published Bort was chosen from 300 architectures by its W. Does the same choice come "
        "out with short trainings on movie reviews? No; this page shows what does, and "
        "docs/guarantee.md what that means.\n",
        "![Parameters against dev error, with Bort marked](../images/published.svg)\n",
        "The space is `bort`, with hidden sizes 512, 768 and 1024. The source network has 384, so "
        "its embeddings are padded with zeros, and its layers are inherited as far as they fit "
        "(docs/training.md). Errors are on 1,585 dev sentences, from one training each, ± the "
        "binomial standard error. `data/recorded/profiles/bort-torch-float32-32.json` predicts "
        "latency. `python -m benchmarks.search.published_space "
        "data/recorded/published-space/*.json` prints this page.\n",
    ]
    parts += [_study(answers, by_chance) for answers in studies]
    parts.append(_moves(studies, by_chance))
    return "\n".join(parts)


def _study(answers: dict[tuple[int, ...], StudyAnswer], by_chance: float) -> str:
    answer = answers[1, 1, 1]
    steps = answer.spec.training.steps
    useless = [p for p in answer.points if reaches(p, by_chance)]
    lines = [
        f"## {steps} steps of {answer.spec.training.batch_size}\n",
        f"{len(answer.points)} architectures trained. {_at_chance(len(useless), by_chance)}\n",
        _place(answer, by_chance),
        "\n| architecture | parameters | without embeddings | latency ms | dev error | front "
        "| W at 1, 1, 1 |",
        "|---|---|---|---|---|---|---|",
    ]
    front = _front(_usable(answer, by_chance))
    for p in _by_w(answer.points):
        if not reaches(p, by_chance):
            lines.append(
                f"| {p.id}{' (Bort)' if p.id == PUBLISHED else ''} | {p.parameter_count:,} "
                f"| {p.effective_parameter_count:,} | {p.latency_ms:.1f} "
                f"| {p.error_rate:.3f} ± {p.error_se:.3f} | {'yes' if p.id in front else ''} "
                f"| {p.w:.3f} |"
            )
    return "\n".join(lines) + "\n"


def _at_chance(count: int, by_chance: float) -> str:
    if not count:
        return f"No error interval reaches chance ({by_chance:.3f})."
    return (
        f"The error interval of {count} of them reaches chance ({by_chance:.3f}). Nothing follows "
        "from those, so they are left out below."
    )


def _place(answer: StudyAnswer, by_chance: float) -> str:
    usable = _usable(answer, by_chance)
    bort = next((p for p in answer.points if p.id == PUBLISHED), None)
    if bort is None:
        return f"{PUBLISHED} was not trained."
    if bort not in usable:
        return f"{PUBLISHED} itself is at chance ({bort.error_rate:.3f}), so nothing follows."
    better = [p for p in usable if _dominates(p, bort)]
    noise = {p.id: Z * np.hypot(p.error_se, bort.error_se) for p in better}
    sure = [p for p in better if bort.error_rate - p.error_rate > noise[p.id]]
    rank = 1 + [p.id for p in _by_w(usable)].index(PUBLISHED)
    where = (
        "is on the front"
        if not better
        else f"is not on the front: {', '.join(p.id for p in better)} "
        f"{'is' if len(better) == 1 else 'are'} no larger, no slower and no worse, {len(sure)} of "
        "them better by more than the noise"
    )
    return (
        f"The published Bort ({PUBLISHED}) {where}. By W at weights 1, 1, 1 it is number {rank} of "
        f"{len(usable)}."
    )


def _moves(studies: Sequence[dict[tuple[int, ...], StudyAnswer]], by_chance: float) -> str:
    lines = ["## What W picks, by steps and weights\n"]
    lines.append("| weights of size, latency, error | " + " | ".join(
        f"{s[1, 1, 1].spec.training.steps} steps" for s in studies) + " |")  # fmt: skip
    lines.append("|---" * (1 + len(studies)) + "|")
    for weights in WEIGHTS:
        picks = []
        for answers in studies:
            usable = _usable(answers[weights], by_chance)
            best = next(iter(_by_w(usable)), None)
            picks.append("nothing" if best is None else f"{best.id} ({best.error_rate:.3f})")
        lines.append(f"| {', '.join(map(str, weights))} | {' | '.join(picks)} |")
    return "\n".join(lines) + "\n"


def _usable(answer: StudyAnswer, by_chance: float) -> list[Point]:
    return [p for p in answer.points if not reaches(p, by_chance)]


def _by_w(points: Sequence[Point]) -> list[Point]:
    return sorted(points, key=lambda p: (-p.w, p.parameter_count))


def _front(points: Sequence[Point]) -> set[str]:
    return {p.id for p in points if not any(_dominates(other, p) for other in points)}


def _dominates(a: Point, b: Point) -> bool:
    mine, other = ((p.parameter_count, p.latency_ms, p.error_rate) for p in (a, b))
    return all(x <= y for x, y in zip(mine, other, strict=True)) and mine != other


if __name__ == "__main__":
    sys.stdout.write(page([read(Path(name)) for name in sys.argv[1:]], chance()))
