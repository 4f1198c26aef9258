"""Sentences about Agora's runs, rounds, points and comparisons, for terminal and page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bort.agora.loop import Ending, Provenance, Value, Verdict
from bort.agora.loop.labelers import Appraisal, LabelerDoubt
from bort.agora.text.findings import Difference
from bort.agora.world import FinalResult, RoundSummary
from bort.core.serialise import to_json
from bort.report.data import data_warning
from bort.report.terminal import Terminal
from bort.storage import JobState
from bort.studies.agora import ComparisonResult, RunResult

_ROUND_HEADINGS = (
    *("round", "train", "wrong", "new", "refused", "added"),
    *("dev", "audit", "Betti", "cover"),
)
_SHOWN = 1e-4  # the smallest shown difference of error rates
_ENDINGS = {
    Ending.NO_ERRORS: "no dev errors were left",
    Ending.ROUNDS: "all rounds were used",
    Ending.POINTS: "all points were used",
    Ending.TIME: "the time ran out",
    Ending.NO_PROGRESS: "the dev error stopped falling",
    Ending.NO_PROPOSALS: "the samplers found nothing new",
}


def print_run(run: RunResult, *, state: JobState = JobState.DONE) -> None:
    """Print the rounds as a table and the result as a sentence."""
    console = Terminal()
    if run.final is None:
        text = f"Job {run.job} has not finished a round yet."
        if not state.is_active:
            text += f" It is {state}; continue with: bort jobs resume {run.job}"
        console.print(Text(text))
        return
    table = Table(
        box=SIMPLE,
        pad_edge=False,
        collapse_padding=True,
        title=Text(f"Agora run {run.study} (job {run.job})"),
    )
    for heading in _ROUND_HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in run.rounds:
        table.add_row(
            str(row.round),
            f"{row.train_size:,}",
            str(row.errors_found),
            f"{row.proposed:,}",
            f"{sum(row.refused.values()):,}",
            f"{row.accepted:,}",
            f"{row.dev_error:.4f}",
            f"{row.audit_error:.4f}",
            " ".join(map(str, row.betti)),
            "" if row.coverage is None else f"{row.coverage:.0%}",
        )
    console.print(table)
    for note in _notes(run.rounds):
        console.print(Text(note))
    for warning in warnings(run):
        console.print(Text(f"Warning: {warning}", style="yellow"))
    console.print(Text(result_sentence(run.final)))


def _notes(rows: Sequence[RoundSummary]) -> list[str]:
    """Say why proposals were refused and which rounds were repeated."""
    refused: Counter[Verdict] = Counter()
    for row in rows:
        refused.update(row.refused)
    reasons = ", ".join(f"{n:,} {verdict_words(reason)}" for reason, n in refused.most_common())
    replays = [
        f"Round {row.round} repeats round {row.replayed}, whose points raised the dev error."
        for row in rows
        if row.replayed is not None
    ]
    return ([f"Refused: {reasons}."] if reasons else []) + replays


def result_sentence(final: FinalResult) -> str:
    """Say how good the last student is.

    Examples:
        >>> found = FinalResult(audit_error=0.02, audit_low=0.016, audit_high=0.025, audit_n=400,
        ...     dev_error=0.01, gap=0.01, ending=Ending.TIME)
        >>> print(result_sentence(found))  # doctest: +NORMALIZE_WHITESPACE
        Audit error 0.0200 (95%: 0.0160 to 0.0250, n 400), dev error 0.0100 (optimistic;
        gap +0.0100). The run ended because the time ran out.
    """
    return (
        f"Audit error {final.audit_error:.4f} (95%: {final.audit_low:.4f} to "
        f"{final.audit_high:.4f}, n {final.audit_n:,}), dev error {final.dev_error:.4f} "
        f"(optimistic; gap {final.gap:+.4f})."
        + ("" if final.ending is None else f" The run ended because {_ENDINGS[final.ending]}.")
    )


def warnings(run: RunResult) -> list[str]:
    """Return warnings about a run's data or its labeler, one sentence each."""
    is_doubtful = run.labeler is not None and run.labeler.doubt is not None
    doubts = [doubt_sentence(run.labeler)] if run.labeler is not None and is_doubtful else []
    return [*map(data_warning, run.warnings), *doubts]


def run_json(run: RunResult) -> dict[str, Any]:
    """Convert a run for `--json`: `warnings` are sentences, `data_warnings` their codes."""
    return {
        **to_json(run),
        "warnings": [data_warning(warning) for warning in run.warnings],
        "data_warnings": to_json(run.warnings),
    }


def doubt_sentence(appraisal: Appraisal) -> str:
    """Say why a labeler should not be trusted; empty if it can be."""
    if appraisal.doubt is None:
        return ""
    if appraisal.error is None or appraisal.doubt is LabelerDoubt.ALWAYS_ABSTAINS:
        return "The labeler abstains from every dev example. Lower its confidence threshold."
    return (
        f"The labeler is no better than chance: it gets {appraisal.error.rate:.1%} of "
        f"{appraisal.error.n} dev examples wrong, guessing gets {appraisal.chance:.1%}. Its labels "
        "would do harm; choose another labeler."
    )


def verdict_words(verdict: Verdict, *, is_withdrawn: bool = False) -> str:
    """Write the outcome of a point.

    Examples:
        >>> verdict_words(Verdict.OUTSIDE_RADIUS)
        'outside radius'
    """
    words = verdict.value.replace("-", " ")
    return f"{words}, withdrawn" if is_withdrawn else words


def class_words(label: int | None, classes: Sequence[str] | None) -> str:
    """Name a class; empty for no class, its number if the names are unknown."""
    if label is None:
        return ""
    return classes[label] if classes and label < len(classes) else f"class {label}"


def change_words(point: Provenance, classes: Sequence[str] | None) -> str:
    """Show the student's answers before and after the round; empty if there are none."""
    before = class_words(point.point.student_before, classes)
    after = class_words(point.student_after, classes)
    return f"{before or '?'} → {after or '?'}" if before or after else ""


def value_words(value: Value | None) -> str:
    """Write a point or text in one line.

    Examples:
        >>> value_words((0.5, -1.0)), value_words(("a question", "an answer"))
        ('0.500, -1.000', 'a question | an answer')
    """
    if value is None or isinstance(value, str):
        return value or ""
    parts = [part if isinstance(part, str) else f"{part:.3f}" for part in value]
    return (" | " if isinstance(value[0], str) else ", ").join(parts)


def hyperparameter_words(hyperparameters: Mapping[str, float]) -> str:
    """Write a hyperparameter set in one line.

    Examples:
        >>> hyperparameter_words({"learning_rate": 0.001}), hyperparameter_words({})
        ('learning rate 0.001', 'the default')
    """
    named = (f"{key.replace('_', ' ')} {value:g}" for key, value in hyperparameters.items())
    return ", ".join(named) or "the default"


def print_points(
    points: Sequence[Provenance],
    parents: Sequence[Value] | None,
    classes: Sequence[str] | None,
) -> None:
    """Print every generated point with its parent, a few lines each.

    Args:
        parents: the dev items; None if they cannot be read.
        classes: names of the classes; None prints their numbers.
    """
    console = Terminal()
    for row in points:
        point = row.point
        verdict = verdict_words(point.verdict, is_withdrawn=row.is_withdrawn)
        head = f"{row.round}:{row.position} {verdict}, by {point.sampler}"
        if point.distance is not None:
            head += f", {point.distance:.3f} from its parent"
        if point.label is not None:
            head += f"; label {class_words(point.label, classes)} ({point.confidence:.2f})"
        if point.labeler_label is not None:
            head += f", the labeler said {class_words(point.labeler_label, classes)}"
        if change := change_words(row, classes):
            head += f"; student {change}"
        console.print(Text(head, style="bold"))
        console.print(Padding(Text(value_words(point.value)), (0, 0, 0, 2)))
        parent = "" if parents is None else value_words(parents[point.parent])
        near = Text(f"near dev item {point.parent}: {parent}")
        near.stylize("dim")
        console.print(Padding(near, (0, 0, 0, 2)))


def print_comparison(comparison: ComparisonResult) -> None:
    """Print the arms as a table and their differences as sentences."""
    console = Terminal()
    found = comparison.findings
    table = Table(
        box=SIMPLE,
        pad_edge=False,
        title=Text(f"{comparison.study}: {comparison.seeds} seeds (job {comparison.job})"),
    )
    for heading in ("arm", "added", "steps", "dev error", "audit error", "gap closed"):
        table.add_column(heading, justify="left" if heading == "arm" else "right")
    for arm, mean in found.means.items():
        gap = found.gap_closed.get(arm)
        table.add_row(
            arm,
            f"{mean.added:,.0f}",
            f"{mean.steps:,.0f}",
            f"{mean.dev_error:.4f}",
            f"{mean.audit_error:.4f}",
            "" if gap is None or not gap.is_known else f"{gap.value:.0%}",
        )
    table.add_row("teacher", "", "", "", f"{found.teacher_audit_error:.4f}", "100%")
    console.print(table)
    for difference in found.differences:
        console.print(Text(difference_sentence(difference)))


def difference_sentence(difference: Difference) -> str:
    """Say which of two arms is better, and by how much.

    Examples:
        >>> from bort.agora.text.findings import Interval
        >>> found = Difference("plain", "agora", Interval(-0.07, -0.1, -0.04))
        >>> print(difference_sentence(found))
        agora errs less often than plain by 0.0700 (95%: 0.0400 to 0.1000).
        >>> print(difference_sentence(Difference("plain", "agora", Interval(0.0, -0.01, 0.01))))
        agora errs as often as plain (difference 95%: -0.0100 to 0.0100).
    """
    error, arm, baseline = difference.error, difference.arm, difference.baseline
    ends = (error.low, error.high)
    if abs(error.value) < _SHOWN / 2:
        low, high = (end + 0.0 if abs(end) > _SHOWN / 2 else 0.0 for end in ends)
        return f"{arm} errs as often as {baseline} (difference 95%: {low:.4f} to {high:.4f})."
    less = error.value <= 0
    low, high = sorted(-end if less else end for end in ends)
    return (
        f"{arm} errs {'less' if less else 'more'} often than {baseline} by "
        f"{abs(error.value):.4f} (95%: {low:.4f} to {high:.4f})."
    )
