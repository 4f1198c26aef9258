"""Sentences about a search: its claim, latency and certificate."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from bort.core.origin import Origin
from bort.core.question import Goal
from bort.core.size import SizeUnit
from bort.report.baselines import baselines_sentence, beaten_sentence, teacher_sentence
from bort.report.data import table_note
from bort.report.doubt import audit_offer_sentence, doubt_sentence
from bort.report.latency import misfit_sentence
from bort.report.ledger import audit_statement, spot_check_statements, spot_checks_json, words
from bort.report.numbers import (
    counted,
    milliseconds,
    percent_down,
    rounded_down,
    rounded_up,
    short_count,
)
from bort.report.rivals import losses, print_rivals
from bort.report.terminal import Terminal
from bort.search import Ending
from bort.search.check.certificate import audit_result
from bort.search.facts import Guarantee, Status, fact_from_dict
from bort.studies.answers import LatencyBasis, Point, StudyAnswer, TableAnswer

Answer = StudyAnswer | TableAnswer

GUARANTEES = {
    Guarantee.PROVED: ("guaranteed", "Every assumption was checked or set by you."),
    Guarantee.CONDITIONAL: (
        "conditional",
        "It holds if the estimated λ does. An estimate can be refuted but never proved.",
    ),
    Guarantee.NONE: ("none", "Nothing is certified yet, or an assumption is violated."),
}
NOISY = (
    "The machine was busy while latency was measured, so nothing is certified, and architectures "
    "with similar latency may be ranked wrongly. Close other programs, then continue this search: "
    "it measures again, unless it has an audit or --latency-profile."
)


def summary(answer: Answer) -> str:
    """Say what a search certifies, in a few sentences."""
    return " ".join(filter(None, [claim_line(answer), besides(answer)]))


def claim_line(answer: Answer) -> str:
    """Say how much was trained, and what is certified."""
    if isinstance(answer, TableAnswer) and answer.is_exact:
        cover = 0 if answer.cover is None else len(answer.cover)
        return (
            f"All {answer.space_size:,} rows are known, so the front is exact: "
            f"{counted(len(answer.front), 'row')}; the {cover:,} in the cover "
            f"{'is' if cover == 1 else 'are'} enough for {_percent(answer.epsilon)}."
        )
    what = "rows evaluated" if isinstance(answer, TableAnswer) else "architectures trained"
    if answer.evaluations == answer.space_size:
        what += ", so none was spared"
    return f"{answer.evaluations:,} of {answer.space_size:,} {what}. {_claim(answer)}"


def besides(answer: Answer) -> str:
    """Say what else is known: noise, the best W, an audit; nothing if nothing is."""
    return " ".join(filter(None, [_noise(answer), *_besides(answer)]))


def scope(answer: StudyAnswer) -> str:
    """Say which errors the claim is about."""
    confidence = answer.question.confidence
    if confidence is not None:
        return (
            "The claim is about new data from the same population, at "
            f"{100 * confidence:.6g}% confidence."
        )
    examples = f" of {answer.points[0].n_dev:,} examples" if answer.points else ""
    return f"The claim is about the measured errors on this dev set{examples}."


def origin_sentence(origin: Origin | None, unrecorded: int) -> str:
    """Say on what the study's errors were trained, and how many trainings do not say it."""
    said = ""
    if origin is not None:
        said = (
            f"Trained on {origin.host}: {origin.device} ({origin.processor}), threads: "
            f"{origin.threads}, torch {origin.torch}, transformers {origin.transformers}."
        )
    if not unrecorded:
        return said
    return (
        f"{said} An older version made {counted(unrecorded, 'training')} and did not record their "
        "texts, networks and processor, so nobody can check that their errors are comparable."
    ).strip()


def worth(steps: int | None, gains: Sequence[float] = ()) -> str:
    """Say what an error after the short training is worth.

    Args:
        steps: of the short training; None if they are unknown.
        gains: how many points less dev error each finished model of the study has.

    Examples:
        >>> print(worth(200, [2.5, 4.0]))
        The errors are those after a short training of 200 steps, which ranks the architectures. \
The 2 finished models of this study have errors 2.5 to 4.0 points lower.
        >>> print(worth(200, [-0.5]).rpartition(". ")[2])
        The finished model of this study has an error 0.5 points higher.
    """
    length = "" if steps is None else f" of {steps:,} steps"
    text = f"The errors are those after a short training{length}, which ranks the architectures."
    if not gains:
        return f"{text} A finished model usually has a lower one."
    low, high = min(gains), max(gains)
    if len(gains) == 1:
        way = "lower" if low >= 0 else "higher"
        return f"{text} The finished model of this study has an error {abs(low):.1f} points {way}."
    if high < 0:
        return (
            f"{text} Against that, the {len(gains)} finished models of this study have errors "
            f"{-high:.1f} to {-low:.1f} points higher."
        )
    if low < 0:
        return (
            f"{text} Against that, the errors of the {len(gains)} finished models of this study "
            f"are between {-low:.1f} points higher and {high:.1f} points lower."
        )
    return (
        f"{text} The {len(gains)} finished models of this study have errors {low:.1f} to "
        f"{high:.1f} points lower."
    )


def _claim(answer: Answer) -> str:
    certified = answer.certified_epsilon
    if certified is None:
        violated = [fact for fact in answer.ledger if fact.status is Status.VIOLATED]
        if violated:
            evidence = words(violated[0]).evidence
            return f"An assumption is violated, so nothing is certified: {evidence}"
        return "Nothing is certified yet."
    condition = {
        Guarantee.PROVED: "Guaranteed",
        Guarantee.CONDITIONAL: "If the estimated λ holds",
        Guarantee.NONE: "An assumption is violated, so this is not a guarantee",
    }[answer.guarantee]
    if answer.goal is Goal.BEST:
        return f"{condition}: the best W found is within {_percent(certified)} of the largest."
    error = "dev error" if answer.question.confidence is None else "error in the population"
    return (
        f"{condition}: every architecture is within {_percent(certified)} of an evaluated one in "
        f"size, latency and {error}{_for_the_cover(answer, certified)}."
    )


def _for_the_cover(answer: Answer, certified: float) -> str:
    """Say within how much the cover's members alone are enough, if it is more."""
    if answer.cover is None or answer.cover_epsilon is None or answer.cover_epsilon <= certified:
        return ""
    enough = "is" if len(answer.cover) == 1 else "are"
    return (
        f"; the {len(answer.cover)} in the cover {enough} enough for "
        f"{_percent(answer.cover_epsilon)}"
    )


def _percent(share: float) -> str:
    """Write a share in percent, rounded up: a claim must not say more than is certified."""
    return f"{math.ceil(1000 * share - 1e-9) / 1000:.1%}"


def _noise(answer: Answer) -> str:
    if answer.ending is not Ending.LIMITED_BY_NOISE:
        return ""
    return (
        "Noise limits the search: every architecture that could still win is evaluated, but "
        "their intervals overlap. More dev examples would tell them apart."
    )


def _besides(answer: Answer) -> Iterable[str]:
    if answer.w_ratio is not None and answer.goal is not Goal.BEST and answer.best is not None:
        weights = ", ".join(f"{w:g}" for w in answer.weights)
        condition = "" if answer.guarantee is Guarantee.PROVED else " if so,"
        share = percent_down(answer.w_ratio)
        if answer.w_ratio < 0.001:  # it would be written as 0.0%
            yield f"At weights {weights}, nothing is known about the largest W."
        else:
            yield f"At weights {weights},{condition} W(best) is at least {share} of the largest W."
    yield from (f"Spot checks: {said}." for said in spot_check_statements(answer.ledger))
    audit = answer.audit
    if audit is not None:
        if audit.result is None:
            yield f"Audit: {audit.trained} of {len(audit.drawn)} trained."
        else:
            yield f"Audit: {audit_statement(audit.result.finding)}."


def answer_json(answer: Answer) -> dict[str, Any]:
    """Build the output of `bort search --json` and `bort front --json`: codes and words."""
    found = answer.as_json()
    found["spot_checks"] = spot_checks_json(answer.ledger)
    found["ledger"] = [{**words(fact)._asdict(), **fact.to_dict()} for fact in answer.ledger]
    if isinstance(answer, TableAnswer):
        for note, row in zip(answer.notes, found["notes"], strict=True):
            row["note"] = table_note(note)
    audit = answer.audit
    if audit is not None:
        statement = None if audit.result is None else audit_statement(audit.result.finding)
        found["audit"]["statement"] = statement
    return found


def certificate_statements(content: Mapping[str, Any]) -> list[str]:
    """Say what the audits of a certificate found."""
    found = [(audit["plan"]["number"], audit_result(audit)) for audit in content["audits"]]
    return [
        f"number {number} was not finished" if audit is None else audit_statement(audit.finding)
        for number, audit in found
    ]


def certificate_sentence(content: Mapping[str, Any]) -> str:
    """Say what a valid certificate guarantees."""
    claim, count = content["claim"], content["space"]["count"]
    epsilon = claim["certified_epsilon"]
    audits = "".join(f" Audit: {statement}." for statement in certificate_statements(content))
    drawn = spot_check_statements(map(fact_from_dict, claim["ledger"]))
    audits = "".join(f" Spot checks: {statement}." for statement in drawn) + audits
    if epsilon is None:
        return f"The certificate holds: it claims no guarantee.{audits}"
    what = (
        f"W(best) is at least {rounded_down(1 - epsilon, 4)} of the largest among {count:,} "
        "architectures"
        if content["question"]["goal"] == Goal.BEST
        else f"all of {count:,} architectures are covered within a factor of "
        f"{rounded_up(1 + epsilon, 4)}"
    )
    is_proved = claim["guarantee"] == Guarantee.PROVED
    condition = "" if is_proved else ", if the ledger's assumptions hold"
    spent = f"after {claim['evaluations']:,} evaluation{'' if claim['evaluations'] == 1 else 's'}"
    return f"The certificate holds: {what}, {spent}{condition}.{audits}"


def file_note(unit: SizeUnit) -> str:
    """Say which files the bytes are of."""
    return f"weights in {unit.removeprefix('bytes-')} and tokenizer, as exported"


def latency_note(latency: LatencyBasis) -> str:
    """Say which latency an answer is about: runtime, workload, machine."""
    parts = [
        "text to label" if latency.is_text_to_label else "the network alone",
        latency.runtime,
        f"batch {latency.batch_size}",
        f"{latency.sequence_length} tokens",
    ]
    if latency.threads:
        parts.append(counted(latency.threads, "thread"))
    if latency.band:
        parts.append(f"model within ±{latency.band:.0%}")
    if latency.machine is None:
        return f"Latency: {', '.join(parts)}; not measured yet."
    where = "this machine" if latency.is_this_machine else "another machine"
    cpu = latency.machine.cpu or "unknown processor"
    return f"Latency: {', '.join(parts)}; measured on {where} ({cpu})."


def print_answer(answer: Answer) -> None:
    """Print the front as a table, and what is certified."""
    console = Terminal()
    if isinstance(answer, StudyAnswer):
        console.print(_study_table(answer))
    else:
        console.print(_rows_table(answer))
    if isinstance(answer, StudyAnswer) and (beaten := beaten_sentence(answer)):
        console.print(Text(beaten))
    if isinstance(answer, StudyAnswer) and answer.rivals is not None:
        for line in losses(answer.rivals):
            console.print(Text(line))
    console.print(Text(summary(answer)))
    if doubt := doubt_sentence(answer):
        console.print(Text(doubt))
    if isinstance(answer, TableAnswer):
        for remark in answer.notes:
            console.print(Text(table_note(remark)))
    if isinstance(answer, StudyAnswer):
        if answer.facts is not None:
            for note in filter(
                None, [baselines_sentence(answer.facts), teacher_sentence(answer.facts)]
            ):
                console.print(Text(note))
        if note := audit_offer_sentence(answer):
            console.print(Text(note))
        if note := origin_sentence(answer.origin, answer.unrecorded):
            console.print(Text(note))
        for note in _latency_notes(answer):
            console.print(Text(note))
        if answer.rivals is not None:
            print_rivals(answer.rivals)
    elif answer.certificate:
        console.print(Text(f"Certificate: {answer.certificate}"), soft_wrap=True)


def _study_table(answer: StudyAnswer) -> Table:
    unit = answer.spec.size.unit
    size = (f"MB {unit.removeprefix('bytes-')}",) if unit.is_bytes else ()
    headings = ("params", "effective", *size, "ms", "error ± se")
    title = f"Pareto front of study {answer.study}"
    table = _table(title, ["architecture"], headings, may_wrap=False)
    for point in answer.front:
        table.add_row(
            point.id,
            short_count(point.parameter_count),
            short_count(point.effective_parameter_count),
            *([f"{point.size / 1e6:,.3f}"] if unit.is_bytes else []),
            milliseconds(point.latency_ms),
            f"{point.error_rate:.3f} ± {point.error_se:.3f}",
            "best" if answer.best and point.id == answer.best.id else "",
        )
    return table


def _rows_table(answer: TableAnswer) -> Table:
    columns, front = answer.columns, answer.front
    is_numbered = bool(front) and all(point.label.isdigit() for point in front)
    names = ["row" if is_numbered else "architecture"]
    is_mixed = any(p.architecture.keys() != front[0].architecture.keys() for p in front)
    if front:
        names.append("dimensions" if is_mixed else ", ".join(front[0].architecture))
    table = _table("Pareto front", names, (columns.size, columns.latency, "error", "± se"))
    for point in front:
        cells = ", ".join(
            f"{name} {value}" if is_mixed else str(value)
            for name, value in point.architecture.items()
        )
        table.add_row(
            Text(point.label),
            Text(cells),
            f"{point.size:,}",
            f"{point.latency:,}",
            f"{point.error_rate:.4f}",
            "" if point.error_se is None else f"{point.error_se:.4f}",
            "best" if answer.best and point.id == answer.best.id else "",
        )
    return table


def _table(
    title: str, names: Sequence[str], headings: Sequence[str], *, may_wrap: bool = True
) -> Table:
    table = Table(title=Text(title), box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column(Text(names[0]), no_wrap=True)
    for name in names[1:]:
        table.add_column(Text(name), overflow="fold")
    for heading in headings:
        table.add_column(Text(heading), justify="right", no_wrap=not may_wrap)
    table.add_column("", no_wrap=True, min_width=4)
    return table


def _latency_notes(answer: StudyAnswer) -> Iterable[str]:
    latency = answer.latency
    yield latency_note(latency)
    if latency.is_this_machine is False:
        yield f"Latency: profile {latency.profile} from another machine or other software."
    if latency.noise_ok is False:
        yield NOISY
    if note := misfit_sentence(answer):
        yield note
    measured = [_measured(point) for point in answer.front if point.latency_measured]
    if measured:
        yield f"Measured: {', '.join(measured)}."


def _measured(point: Point) -> str:
    """Write a winner's measured latency with the predicted one."""
    took = point.latency_measured
    assert took is not None
    return (
        f"{point.id} {milliseconds(took.median_ms)} ms (predicted {milliseconds(point.latency_ms)})"
    )
