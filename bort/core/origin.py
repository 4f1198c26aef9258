"""What the error of a training depends on, besides its architecture and seed.

A study compares errors to the last digit, so all of them must have the same origin.
"""

from dataclasses import dataclass, field, fields

from bort.core.baseline import OracleFacts
from bort.core.errors import StudyConflictError, WorkerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The texts, networks and arithmetic behind a training. None is unknown, and equals anything.

    Attributes:
        task, source, teacher: SHA-256 of the texts, and of both networks' weights.
        answers: SHA-256 of the teacher's answers to the training texts.
        device: the device that was used: cpu, cuda or mps.
        processor: the CPU's instruction sets, or the name of the GPU.
        threads: CPU threads per training.
        torch, transformers: their versions.
        host: the machine; shown, not compared.
    """

    task: str | None = None
    source: str | None = None
    teacher: str | None = None
    answers: str | None = None
    device: str | None = None
    processor: str | None = None
    threads: int | None = None
    torch: str | None = None
    transformers: str | None = None
    host: str | None = field(default=None, compare=False)


_NAMES = {
    "task": "task's texts",
    "source": "source network",
    "teacher": "teacher",
    "answers": "teacher's answers",
    "threads": "CPU threads",
}
_DIGESTS = ("task", "source", "teacher", "answers")


def origin_in(facts: OracleFacts) -> Origin:
    """Return what an older bort kept of the origin of a study's trainings."""
    return Origin(
        task=facts.task_digest,
        source=facts.source_sha256,
        teacher=facts.teacher_sha256,
        device=facts.device,
        threads=facts.threads,
    )


def check_same_origin(stored: Origin | None, here: Origin) -> None:
    """Check that a study's next training has the origin of its others.

    Raises:
        StudyConflictError: it differs; the message names the difference and the two ways on.
    """
    if stored is not None and (changed := _differences(stored, here, "{} {} before, {} now")):
        where = "" if stored.host is None else f" (it was trained on {stored.host})"
        raise StudyConflictError(
            f"this study's errors would no longer be comparable: {'; '.join(changed)}; continue it "
            f"where nothing differs{where}, or start another study here: bort search --study NAME"
        )


def check_worker(wanted: Origin | None, here: Origin) -> None:
    """Check that a worker's trainings would have the origin that its job wants.

    Raises:
        WorkerError: it differs; the message names the host and the difference.
    """
    if wanted is None:
        return
    if changed := _differences(wanted, here, "{} {} in the job, {} there"):
        raise WorkerError(f"the worker on {here.host} cannot train: {'; '.join(changed)}")


def _differences(one: Origin, other: Origin, words: str) -> list[str]:
    return [
        words.format(_NAMES.get(name, name), _short(name, a), _short(name, b))
        for name in (part.name for part in fields(Origin) if part.compare)
        if (a := getattr(one, name)) is not None
        and (b := getattr(other, name)) is not None
        and a != b
    ]


def _short(name: str, value: object) -> str:
    return f"{str(value)[:12]}…" if name in _DIGESTS else str(value)
