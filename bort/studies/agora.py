"""Stored runs of Agora: rounds, points, parents, corrections and results.

This is what the terminal, the page and the jobs call; the store and JSON stay behind it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bort.agora.loop import Provenance, Round, Value, as_values, corrected, provenance
from bort.agora.loop.labelers import Appraisal
from bort.agora.text.data import load_texts, split_inputs
from bort.agora.text.findings import ArmResult, Findings
from bort.agora.text.references import References, unread
from bort.agora.torus.world import CLASS_NAMES, torus_world
from bort.agora.world import FinalResult, RoundSummary
from bort.core.agora import TORUS, TextSpec, TorusSpec
from bort.core.errors import BortError, InvalidDataError
from bort.core.serialise import from_json, to_json
from bort.storage import JobRecord, Store
from bort.studies.same_texts import known_digest
from bort.tasks import DataWarning, list_tasks

RUN, COMPARISON = "agora", "agora-comparison"  # kinds of jobs

Corrections = Mapping[tuple[int, int], int | None]
"""Maps (round, position) of a point to its right label, or to None to reject the point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run as `bort agora run --json` shows it. Its fields are the keys.

    Attributes:
        rounds: the rounds so far.
        final: the last student's errors; None before the first round has ended.
        labeler: how good the labeler is on dev; None for runs of earlier versions.
        warnings: what makes the data misleading; an older bort stored sentences.
        described: what the results are based on.
    """

    study: str | None
    task: str
    job: int
    rounds: tuple[RoundSummary, ...]
    final: FinalResult | None
    seconds: float
    labeler: Appraisal | None = None
    warnings: tuple[DataWarning | str, ...] = ()
    described: Mapping[str, Any] = field(default_factory=dict)


def read_result(values: Mapping[str, Any]) -> RunResult:
    """Read a finished job's stored result."""
    return from_json(RunResult, values, what="the result of the run")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonResult:
    """A comparison as `bort agora run --ablate --json` shows it.

    Attributes:
        findings: the findings; in JSON, their keys are on the same level as the others.
        students: every student of every arm.
        described: what the results are based on.
    """

    study: str
    task: str
    job: int
    seeds: int
    findings: Findings
    students: tuple[ArmResult, ...]
    described: Mapping[str, Any]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON."""
        return {
            "study": self.study,
            "task": self.task,
            "job": self.job,
            "seeds": self.seeds,
            **self.findings.to_dict(),
            "students": to_json(self.students),
            "described": to_json(self.described),
            "seconds": self.seconds,
        }


def read_comparison(values: Mapping[str, Any]) -> ComparisonResult:
    """Read a finished comparison's stored result."""
    students = from_json(tuple[ArmResult, ...], values["students"], what="the stored students")
    return ComparisonResult(
        study=values["study"],
        task=values["task"],
        job=values["job"],
        seeds=values["seeds"],
        findings=Findings.from_dict(values),
        students=students,
        described=values["described"],
        seconds=values["seconds"],
    )


@dataclass(frozen=True)
class StoredRun:
    """The stored part of a run.

    Attributes:
        rounds: the rounds with all their points.
        summaries: the reported numbers of each round.
        lacks_texts: it was recorded elsewhere, and its task is not prepared here.
    """

    job: JobRecord
    rounds: tuple[Round, ...]
    summaries: tuple[RoundSummary, ...]
    lacks_texts: bool = False

    def check_texts(self) -> None:
        """Check that the points are texts, and not references to a task that is not here.

        Raises:
            InvalidDataError: they are references.
        """
        if self.lacks_texts:
            raise InvalidDataError(
                f"the texts of job {self.job.id} are not on this machine, because it was recorded "
                f"elsewhere; prepare its task first: bort data prepare {self.job.spec['task']}"
            )

    @cached_property
    def points(self) -> tuple[Provenance, ...]:
        """Every generated point with its provenance, in order."""
        return provenance(self.rounds)

    @cached_property
    def spec(self) -> TorusSpec | TextSpec:
        """The run's description."""
        return read_spec(self.job.spec)

    @property
    def is_torus(self) -> bool:
        """Whether the run works on the torus, so that points are vectors."""
        return isinstance(self.spec, TorusSpec)

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The task's classes; None for texts until the run has ended."""
        described = (self.job.result or {}).get("described") or {}
        names = tuple(described.get("class_names") or ())
        return names or (CLASS_NAMES if self.is_torus else None)

    @property
    def result(self) -> RunResult:
        """The result so far."""
        stored = self.job.result or {}
        kept = {key: stored[key] for key in ("labeler", "warnings", "described") if key in stored}
        return read_result(
            {
                **kept,
                "study": self.job.study,
                "task": self.job.spec["task"],
                "job": self.job.id,
                "rounds": to_json(self.summaries),
                "final": to_json(self.summaries[-1].final) if self.summaries else None,
                "seconds": sum(summary.seconds for summary in self.summaries),
            }
        )

    def corrected(self, corrections: Corrections) -> tuple[Round, ...]:
        """Return the rounds up to the last corrected one, with the corrections.

        Raises:
            InvalidDataError: a point or a label does not exist, or the texts are not here.
        """
        self.check_texts()
        points = (point for r in self.rounds for point in r.points)
        class_count = max((len(point.probabilities) for point in points), default=0)
        return corrected(self.rounds, corrections, class_count=class_count)


def read_run(store: Store, job: JobRecord) -> StoredRun:
    """Read the rounds that a job has stored; those of an example refer to the task's texts."""
    stored = store.agora_rounds(job.id)
    what = f"a round of job {job.id}"
    rounds, spec = [record.round for record in stored], read_spec(job.spec)
    lacks_texts = False
    if job.is_example and isinstance(spec, TextSpec):
        lacks_texts = not is_here(spec)
        read = unread if lacks_texts else References(load_texts(spec)).value
        rounds = [_with_values(one, lambda point: read(point["value"])) for one in rounds]
    return StoredRun(
        job,
        tuple(from_json(Round, one, what=what) for one in rounds),
        tuple(from_json(RoundSummary, record.summary, what=what) for record in stored),
        lacks_texts,
    )


def recorded_rounds(store: Store, job: JobRecord) -> list[Mapping[str, Any]]:
    """Return the rounds of a run as they are recorded: without any text of the task.

    Raises:
        BortError: the task cannot be read.
    """
    rounds, spec = [record.round for record in store.agora_rounds(job.id)], read_spec(job.spec)
    if isinstance(spec, TorusSpec):
        return rounds
    refer = References(load_texts(spec)).of
    return [
        _with_values(one, lambda point: refer(point["value"], point["parent"])) for one in rounds
    ]


def _with_values(
    stored: Mapping[str, Any], value: Callable[[Mapping[str, Any]], Any]
) -> dict[str, Any]:
    points = [{**point, "value": value(point)} for point in stored.get("points", ())]
    return {**stored, "points": points}


def is_here(spec: TorusSpec | TextSpec) -> bool:
    """Check whether a run's task can be read without fetching it."""
    return missing_task(spec) is None


def missing_task(spec: TorusSpec | TextSpec) -> str | None:
    """Return the named task that must be prepared before the run's texts can be read, if any."""
    if isinstance(spec, TorusSpec):
        return None
    missing = {info.name for info in list_tasks() if not info.prepared}
    return spec.task.task if spec.task.task in missing else None


def read_spec(spec: Mapping[str, Any]) -> TorusSpec | TextSpec:
    """Read the description of a job that runs Agora."""
    return (TorusSpec if spec["task"] == TORUS else TextSpec).from_dict(spec)


@dataclass(frozen=True, slots=True)
class DevItems:
    """A run's dev items, which points name as parents by position.

    Attributes:
        labels: the true class of each.
    """

    values: tuple[Value, ...]
    labels: tuple[int, ...]
    class_names: tuple[str, ...]


def dev_items(spec: TorusSpec | TextSpec, folder: Path | None = None) -> DevItems | None:
    """Read a run's dev items; None if its task cannot be read, or its texts are others now.

    Args:
        folder: of the run's job, which tells what its texts were; None asks nothing.
    """
    if isinstance(spec, TorusSpec):
        dev = torus_world(spec).task.dev
        return DevItems(as_values(dev.inputs), tuple(dev.labels.tolist()), CLASS_NAMES)
    if not is_here(spec):
        return None
    try:
        task = load_texts(spec)
    except BortError:
        return None
    if folder is not None and known_digest(folder) not in (None, task.digest):
        return None
    labels = tuple(int(label) for label in task.dev.labels)
    return DevItems(as_values(split_inputs(task.dev)), labels, task.class_names)


def parents_of(run: StoredRun) -> tuple[Value, ...] | None:
    """Return the values of a run's dev items; None if `dev_items` cannot read them."""
    found = dev_items(run.spec, run.job.folder)
    return None if found is None else found.values


def point_rows(
    points: Sequence[Provenance], parents: Sequence[Value] | None = None
) -> list[dict[str, Any]]:
    """Flatten points for JSON and tables; with `parents`, each row contains its parent's value."""
    return [
        {
            "round": row.round,
            "position": row.position,
            **asdict(row.point),
            **({} if parents is None else {"parent_value": parents[row.point.parent]}),
            "student_after": row.student_after,
            "is_withdrawn": row.is_withdrawn,
        }
        for row in points
    ]


def replay_spec(run: StoredRun, corrections: Corrections) -> dict[str, Any]:
    """Describe the job that repeats a run with corrections; see `corrections_in`.

    Raises:
        InvalidDataError: a point or a label does not exist.
    """
    run.corrected(corrections)
    triples = [[*place, label] for place, label in corrections.items()]
    return {**run.job.spec, "replay": {"job": run.job.id, "corrections": triples}}


def corrections_in(spec: Mapping[str, Any]) -> tuple[int, Corrections] | None:
    """Return the job that a job repeats and the corrections to it; None if it repeats none."""
    replay = spec.get("replay")
    if replay is None:
        return None
    return replay["job"], {(r, position): label for r, position, label in replay["corrections"]}
