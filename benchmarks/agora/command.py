"""`bort bench agora`: compares plain training, random augmentation and Agora."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bort.cli import options
from bort.core.errors import InvalidOptionError

if TYPE_CHECKING:
    from benchmarks.agora.bench import Found, Line

TASKS, STUDENTS, SAMPLERS = "movie-reviews", "2-2-128-512", "retrieval,mixture,edits,mix"
CSV, PAGE = "agora.csv", "agora.md"
RANDOM_ARMS = {
    "random-half": "random, half as many",
    "random": "random, as many",
    "random-double": "random, twice as many",
}


@click.command()
@click.option("--tasks", default=TASKS, show_default=True, metavar="NAME,...")
@click.option("--students", default=STUDENTS, show_default=True, metavar="D-A-H-I,...")
@click.option(
    "--samplers",
    default=SAMPLERS,
    show_default=True,
    metavar="NAME,...",
    help="The first runs with all arms, the others only with Agora's.",
)
@click.option(
    "--labelled", default=500, show_default=True, help="Number of labelled texts; 0 means all."
)
@click.option("--seeds", default=5, show_default=True, help="Seeds per line.")
@click.option("--points", default=4000, show_default=True, help="Number of points to add.")
@click.option("--rounds", default=4, show_default=True, help="Number of sampling rounds.")
@click.option("--steps", default=150, show_default=True, help="Training steps per round.")
@click.option(
    "--closing-steps", default=900, show_default=True, help="Training steps of the last student."
)
@click.option(
    "--radius",
    type=float,
    help="Largest distance from a dev error [default: chosen from the data].",
)
@click.option(
    "--representation",
    metavar="NAME",
    help="Vectors to measure distances with [default: as in runs].",
)
@click.option(
    "--arms",
    default="all",
    show_default=True,
    metavar="NAME,...",
    help="agora (always run), agora-half, plain, random, random-half, random-double.",
)
@click.option("--initialise", default="scratch", show_default=True, metavar="scratch|inherit")
@click.option("--threads", type=int, metavar="N", help="CPU threads [default: all cores].")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("docs/bench"),
    show_default=True,
    metavar="FOLDER",
    help=f"Folder for {CSV} and {PAGE}.",
)
@options.as_json
def agora(out: Path, as_json: bool, **given: Any) -> None:
    """Measure whether Agora is worth it: the audit error against the number of added points.

    For each task, student and sampler this runs Agora; for the first sampler also Agora's first
    half of points, plain training, and random augmentation with as many points, half as many and
    twice as many. All have the same student, the same labelled texts and the same number of
    training steps. Rows that are already in the table are not run again, so an interrupted
    benchmark continues where it stopped.

    \b
    Examples:
      bort bench agora
      bort bench agora --students 1-2-64-256 --samplers retrieval
      bort bench agora --tasks tweets --samplers retrieval --seeds 3
      bort bench agora --labelled 0 --samplers edits
      bort bench agora --points 3400 --radius 1.12 --arms plain,random,random-double
    """
    from benchmarks.agora.bench import bench_findings, record

    rows = record(_lines(given), out / CSV)
    found = bench_findings(rows)
    _write_page(out, found)
    if as_json:
        options.print_json({"lines": [line.to_dict() for line in found]})
    else:
        click.echo(_table(found))


def _lines(given: Mapping[str, Any]) -> Iterator["Line"]:
    from benchmarks.agora.bench import Line
    from bort.agora.text.spec import AGORA, small_space, usual_representation
    from bort.core.agora import SOURCE, TextSpec
    from bort.core.study import TaskSpec, TrainingSpec
    from bort.training.source import source_network

    if given["seeds"] < 1:
        raise InvalidOptionError(f"--seeds must be 1 or more, got {given['seeds']}")
    arms = _arms(given["arms"])
    source = source_network().config
    training = TrainingSpec(
        steps=given["steps"], initialise=given["initialise"], threads=given["threads"]
    )
    for task in _names(given["tasks"]):
        for student in _names(given["students"]):
            for number, sampler in enumerate(_names(given["samplers"])):
                usual = usual_representation(sampler, has_pool=given["labelled"] > 0)
                spec = TextSpec(
                    study="bench",
                    task=TaskSpec(task=task, labelled=given["labelled"] or None),
                    space=small_space(student, source).to_dict(),
                    architecture=student,
                    training=training,
                    closing_steps=given["closing_steps"],
                    sampler=sampler,
                    representation=given["representation"] or usual,
                    radius=given["radius"],
                    rounds=given["rounds"],
                    points=given["points"],
                    points_per_error=_OFTEN,
                    points_per_round=-(-given["points"] // given["rounds"]),
                    patience=None,
                )
                shape = [given[key] for key in ("points", "rounds", "steps", "closing_steps")]
                labelled = given["labelled"] or "all"
                name = f"{task} {labelled} {student} {given['initialise']} {sampler} " + "/".join(
                    map(str, shape)
                )
                if spec.representation != SOURCE:
                    name += f" in {spec.representation}"
                if given["radius"] is not None:
                    name += f" within {given['radius']:g}"
                yield Line(name, spec, given["seeds"], arms if number == 0 else (AGORA,))


def _arms(text: str) -> tuple[str, ...]:
    from bort.agora.text.spec import AGORA, BENCH_ARMS

    names = list(BENCH_ARMS) if text.strip() == "all" else _names(text)
    if unknown := [name for name in names if name not in BENCH_ARMS]:
        raise InvalidOptionError(
            f"unknown arm {unknown[0]!r}; choose all, or some of {', '.join(BENCH_ARMS)}"
        )
    return tuple(dict.fromkeys([AGORA, *names]))


_OFTEN = 20  # proposals per error at most; the cap per round is reached first


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


_COLUMNS = ("plain", "random-half", "agora-half", "random", "agora", "random-double")


def _table(found: Sequence["Found"]) -> str:
    """Make a Markdown table that is also readable in a terminal."""
    lines = [
        "| task | student | sampler | near in | plain | random, half | Agora, half | random "
        "| Agora | random, twice | teacher | gap closed | points |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for line in found:
        subject, means = line.subject, line.findings.means
        cells = [
            f"{100 * (1 - means[arm].audit_error):.1f}" if arm in means else "" for arm in _COLUMNS
        ]
        lines.append(
            f"| {subject.task}, {subject.labelled} labelled | {subject.student}, "
            f"{subject.initialise} | {subject.sampler} | {subject.representation} "
            f"| {' | '.join(cells)} "
            f"| {100 * (1 - line.findings.teacher_audit_error):.1f} | {_share(line)} "
            f"| {means['agora'].added:.0f} |"
        )
    return "\n".join(lines)


def _share(line: "Found") -> str:
    gap = line.findings.gap_closed.get("agora")
    if gap is None or not gap.is_known:
        return ""
    return f"{gap.value:.0%} ({gap.low:.0%} to {gap.high:.0%})"


def _write_page(out: Path, found: Sequence["Found"]) -> None:
    from bort.core.files import write_atomically
    from bort.report.agora import difference_sentence

    parts = [
        "# Agora compared with plain training and random augmentation\n",
        "Agora adds texts near those that a small model gets wrong. Is that better than adding "
        "texts at random? Each line of the table trains the same student on the same labelled "
        "texts, with the same number of optimiser steps in all, in several ways: *plain*, with "
        "*random* texts, and with *Agora*'s. Random augmentation adds as many points as the Agora "
        "of its line (or half, or twice as many), labelled by the same labeler.\n",
        "Numbers are accuracies on the audit split in percent, means over the seeds. *Gap closed* "
        "is how much of the distance from the plain student to its teacher Agora covers. Intervals "
        "are 95%, paired over seeds and audit texts. `bort bench agora` writes this page; "
        "[agora.md](../agora.md) says what follows from it.\n",
        _table(found),
        "\n## Accuracy against added points\n",
        "A curve shows Agora's student after each round, trained for that round's steps. Its last "
        "mark is the final student, which also has the closing steps. Hollow marks are random "
        "augmentation, which has all its points and steps at once.",
    ]
    for number, group in enumerate(_groups(found), start=1):
        name = f"agora-{number}.svg"
        write_atomically(out / name, _picture(group).encode())
        parts.append(f"\n![{_title(group)}]({name})")
    for line in found:
        agora = line.findings.means["agora"]
        parts.append(f"\n## {line.subject.line}\n")
        parts.append(
            f"{agora.seeds} seeds, {agora.steps:.0f} steps, {line.subject.audit_n} audit texts.\n"
        )
        parts += [f"* {difference_sentence(row)}" for row in line.findings.differences]
    write_atomically(out / PAGE, ("\n".join(parts) + "\n").encode())


def _groups(found: Sequence["Found"]) -> list[list["Found"]]:
    """Group the lines of the same task and student, which share a picture."""
    groups: dict[tuple[str, int, str], list[Found]] = {}
    for line in found:
        subject = line.subject
        key = (subject.task, subject.labelled, subject.student)
        groups.setdefault(key, []).append(line)
    return list(groups.values())


def _title(group: Sequence["Found"]) -> str:
    subject = group[0].subject
    return f"{subject.task}, {subject.labelled:,} labelled texts, student {subject.student}"


def _picture(group: Sequence["Found"]) -> str:
    from benchmarks.points_svg import Curve, Level, Mark, points_svg

    curves, levels = [], {}
    for line in group:
        subject, means = line.subject, line.findings.means
        # A line's name has six parts, and more if it sets a space or a radius.
        title = " ".join([f"Agora, {subject.sampler}", *subject.line.split()[6:]])
        marks = [Mark(added, 100 * (1 - error)) for added, error in line.curve]
        curves.append(Curve(title, marks))
        for arm, words in RANDOM_ARMS.items():
            if mean := means.get(arm):
                mark = Mark(mean.added, 100 * (1 - mean.audit_error))
                curves.append(Curve(f"{words} as {title}", [mark], is_hollow=True))
        levels["teacher"] = line.findings.teacher_audit_error
        if plain := means.get("plain"):
            levels.setdefault("plain", plain.audit_error)
    return points_svg(
        _title(group), curves, [Level(name, 100 * (1 - e)) for name, e in levels.items()]
    )
