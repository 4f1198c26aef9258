"""Run `bort bench agora`: its lines, the rows of its table, and its findings."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import click
import numpy as np

from bort.agora.text.arms import Arms
from bort.agora.text.data import load_texts
from bort.agora.text.findings import ArmResult, Findings, findings, packed, unpacked
from bort.agora.text.spec import AGORA, BENCH_ARMS, PLAIN
from bort.agora.text.world import TextWorld, text_world
from bort.cli.ending import line as fit
from bort.core.agora import TextSpec
from bort.core.errors import InvalidDataError
from bort.core.files import write_atomically
from bort.core.serialise import from_json

DISTILLED = "distilled"  # where a student starts, besides scratch and inherit
COLUMNS = (
    *("line", "task", "labelled", "student", "initialise"),
    *("sampler", "representation", "labeler", "arm", "seed"),
    *("added", "steps", "dev_error", "audit_error", "audit_n", "seconds", "curve", "wrong"),
    "teacher_wrong",
)
_TYPES: Mapping[str, type] = {
    **dict.fromkeys(("labelled", "seed", "added", "steps", "audit_n"), int),
    **dict.fromkeys(("dev_error", "audit_error", "seconds"), float),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One comparison of the benchmark.

    Attributes:
        name: its name; rows with the same name belong together.
        spec: the description of Agora's run.
        seeds: number of seeds.
        arms: the arms to run.
    """

    name: str
    spec: TextSpec
    seeds: int
    arms: Sequence[str] = BENCH_ARMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The subject of a line's comparison, repeated in each of its rows.

    Attributes:
        audit_n: number of audit texts.
        teacher_wrong: where the teacher is wrong on them, see `packed`.
    """

    line: str
    task: str
    labelled: int
    student: str
    initialise: str
    sampler: str
    representation: str
    labeler: str
    audit_n: int
    teacher_wrong: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: a student of an arm."""

    subject: Subject
    result: ArmResult

    def to_csv(self) -> dict[str, Any]:
        """Write the row as the columns of the table."""
        curve = " ".join(f"{added}:{error:.4f}" for added, error in self.result.curve)
        return {**asdict(self.subject), **asdict(self.result), "curve": curve}

    @classmethod
    def from_csv(cls, cells: Mapping[str, str]) -> Self:
        """Read what `to_csv` wrote."""
        values: dict[str, Any] = {name: _TYPES.get(name, str)(cells[name]) for name in COLUMNS}
        points = [point.split(":") for point in cells["curve"].split()]
        values["curve"] = [(int(added), float(error)) for added, error in points]
        what = f"a row of {cells['line']}"
        return cls(from_json(Subject, values, what=what), from_json(ArmResult, values, what=what))


def read_table(path: Path) -> list[Row]:
    """Read the rows of a table; none if the file does not exist.

    Raises:
        InvalidDataError: the table has other columns.
    """
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InvalidDataError(
                f"{path} has columns that this benchmark does not write; move it away to start "
                "again"
            )
        return [Row.from_csv(cells) for cells in reader]


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write all rows as CSV."""
    table = io.StringIO()
    writer = csv.DictWriter(table, fieldnames=COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row.to_csv() for row in rows)
    write_atomically(path, table.getvalue().encode())


def bench_rows(line: Line, rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Run the rows of a line that `rows` lacks; yield rows that belong together in one list."""
    done: dict[int, dict[str, ArmResult]] = {seed: {} for seed in range(line.seeds)}
    for row in rows:
        if row.subject.line == line.name and row.result.seed in done:
            done[row.result.seed][row.result.arm] = row.result
    world: TextWorld | None = None
    for seed, found in done.items():
        if set(line.arms) <= found.keys():
            continue
        if world is None or line.spec.distilled:  # each seed distils its own student
            spec = replace(line.spec, seed=seed) if line.spec.distilled else line.spec
            world = text_world(spec, load_texts(spec))
        for results in Arms(world, line.spec, seed).missing(found, arms=line.arms):
            yield [Row(_subject(line, world), _rounded(result)) for result in results]


def record(lines: Iterable[Line], path: Path) -> list[Row]:
    """Run what the table at `path` lacks of these lines, and tell each row; return all rows."""
    rows = read_table(path)
    for line in lines:
        click.echo(fit(f"{line.name}: {line.seeds} seeds"), err=True)
        for new in bench_rows(line, rows):
            rows.extend(new)
            write_table(path, rows)
            for row in new:
                result = row.result
                click.echo(
                    f"  seed {result.seed}, {result.arm}: audit error {result.audit_error:.4f}, "
                    f"{result.added} added, {result.seconds:.0f} s",
                    err=True,
                )
    return rows


def _subject(line: Line, world: TextWorld) -> Subject:
    return Subject(
        line=line.name,
        task=Path(line.spec.task.task).name,
        labelled=line.spec.task.labelled or len(world.task.train),
        student=line.spec.architecture,
        initialise=DISTILLED if line.spec.distilled else line.spec.training.initialise,
        sampler=line.spec.sampler,
        representation=line.spec.representation,
        labeler=line.spec.labeler,
        audit_n=len(world.audit),
        teacher_wrong=packed(world.teacher_wrong),
    )


def _rounded(result: ArmResult) -> ArmResult:
    """Round the curve to the table's precision, so that a row read back is the same."""
    return replace(result, curve=tuple((added, round(error, 4)) for added, error in result.curve))


@dataclass(frozen=True, slots=True)
class Found:
    """The findings of a line.

    Attributes:
        curve: for Agora, added points and audit error after each round, means over the seeds.
    """

    subject: Subject
    findings: Findings
    curve: tuple[tuple[float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON, as `bort bench agora --json` prints it."""
        subject = asdict(self.subject)
        del subject["teacher_wrong"]
        curve = [{"added": added, "audit_error": error} for added, error in self.curve]
        return {**subject, **self.findings.to_dict(), "curve": curve}


def bench_findings(rows: Sequence[Row]) -> list[Found]:
    """Summarise each line, in the order of the rows."""
    lines: dict[str, list[Row]] = {}
    for row in rows:
        lines.setdefault(row.subject.line, []).append(row)
    answers = []
    for found in lines.values():
        subject = found[-1].subject
        teacher = unpacked(subject.teacher_wrong, subject.audit_n)
        results = [row.result for row in _with_plain(found, rows)]
        curves = [row.result.curve for row in found if row.result.arm == AGORA]
        answers.append(Found(subject, findings(results, teacher), _mean_curve(curves)))
    return answers


def _with_plain(found: list[Row], rows: Sequence[Row]) -> list[Row]:
    """Add the plain trainings of a student's first line to a line that has only Agora.

    Plain training does not depend on the sampler. Random augmentation is not shared: it adds as
    many points as the Agora of its own line did.
    """
    if any(row.result.arm == PLAIN for row in found):
        return found
    wanted = _training(found[0])
    plain = [row for row in rows if row.result.arm == PLAIN and _training(row) == wanted]
    return [*found, *(row for row in plain if row.subject.line == plain[0].subject.line)]


def _training(row: Row) -> tuple[object, ...]:
    s = row.subject
    return s.task, s.labelled, s.student, s.initialise, row.result.steps


def _mean_curve(
    curves: Sequence[tuple[tuple[int, float], ...]],
) -> tuple[tuple[float, float], ...]:
    rounds = min(map(len, curves), default=0)
    if not rounds:
        return ()
    means = np.mean([curve[:rounds] for curve in curves], axis=0)
    return tuple((float(added), float(error)) for added, error in means)
