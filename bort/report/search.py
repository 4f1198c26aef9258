"""Words for a search: its claim, ledger, audits and certificate, made from codes and numbers."""

from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch
from typing import Any, NamedTuple

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bort.core.question import Goal
from bort.search import ledger as facts
from bort.search.audit import AuditResult
from bort.search.check.certificate import audit_result
from bort.search.ledger import Ending, Fact, Guarantee, Status, fact_from_dict
from bort.studies.answers import LatencyBasis, Point, StudyAnswer, TableAnswer

Answer = StudyAnswer | TableAnswer

GUARANTEES = {
    Guarantee.PROVED: ("guaranteed", "Every assumption was checked, or given by you."),
    Guarantee.CONDITIONAL: (
        "conditional",
        "It holds if the estimated λ does. An estimate can be refuted, never proved.",
    ),
    Guarantee.NONE: ("none", "Nothing is certified yet, or an assumption is violated."),
}
STATUSES = {
    Status.CHECKED: "computed or measured here, nothing to believe",
    Status.ESTIMATED: "learned from the trainings so far; more of them may refute it",
    Status.ASSUMED: "taken as given, and not tested",
    Status.VIOLATED: "refuted by a training: the claim falls",
}
NOISY = (
    "The machine was not quiet while latency was measured, so architectures of similar latency "
    "may be ranked wrongly. Close other programs and measure again: bort latency measure"
)


class Words(NamedTuple):
    """An entry of the ledger for people: what is assumed, and the evidence."""

    assumption: str
    evidence: str


def summary(answer: Answer) -> str:
    """What a search certifies, in a few sentences."""
    what = "rows asked" if isinstance(answer, TableAnswer) else "architectures trained"
    counted = f"{answer.evaluations:,} of {answer.space_size:,} {what}."
    return " ".join(filter(None, [counted, _claim(answer), _noise(answer), *_besides(answer)]))


def scope(answer: StudyAnswer) -> str:
    """Which errors the claim is about."""
    confidence = answer.question.confidence
    if confidence is not None:
        return f"The claim is about the population, at {confidence:.0%} confidence."
    examples = f" of {answer.points[0].n_dev:,} examples" if answer.points else ""
    return f"The claim is about the errors on this dev set{examples}, as trained."


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
        Guarantee.NONE: "An assumption is violated, so this is no guarantee",
    }[answer.guarantee]
    if answer.goal is Goal.BEST:
        return f"{condition}: the best W is within {certified:.1%} of the largest."
    error = "dev error" if answer.question.confidence is None else "error in the population"
    return (
        f"{condition}: every architecture is within {certified:.1%} of an evaluated one in size, "
        f"latency and {error}."
    )


def _noise(answer: Answer) -> str:
    if answer.ending is not Ending.LIMITED_BY_NOISE:
        return ""
    return (
        "Noise limits the search: all that could still win are evaluated, and their intervals "
        "overlap. More dev examples would tell them apart."
    )


def _besides(answer: Answer) -> Iterable[str]:
    if answer.w_ratio is not None and answer.goal is not Goal.BEST and answer.best is not None:
        weights = ", ".join(f"{w:g}" for w in answer.weights)
        condition = "" if answer.guarantee is Guarantee.PROVED else " if so,"
        yield (
            f"At weights {weights},{condition} W(best) is at least {answer.w_ratio:.1%} of the "
            "largest W."
        )
    audit = answer.audit
    if audit is not None:
        if audit.result is None:
            yield f"Audit: {audit.trained} of {len(audit.drawn)} trained."
        else:
            yield f"Audit: {audit_statement(audit.result)}."


def audit_statement(result: AuditResult) -> str:
    """What an audit found, without a full stop."""
    return _audit_statement(
        goal=result.plan.goal,
        epsilon=result.plan.epsilon,
        alpha=result.plan.alpha,
        drawn=len(result.plan.drawn),
        population=result.population,
        failed=len(result.failed),
        uncovered_at_most=result.uncovered_at_most,
    )


def _audit_statement(
    *,
    goal: Goal,
    epsilon: float,
    alpha: float,
    drawn: int,
    population: int,
    failed: int,
    uncovered_at_most: int,
) -> str:
    what = "better than the best W" if goal is Goal.BEST else "uncovered"
    return (
        f"{drawn} of {population} were audited at random and {failed} failed. With "
        f"{100 * (1 - alpha):.6g}% confidence at most {uncovered_at_most} of {population} are "
        f"{what} at ε = {epsilon:.3g}, on this dev set"
    )


def answer_json(answer: Answer) -> dict[str, Any]:
    """What `bort search --json` and `bort front --json` print: codes and numbers, with words."""
    found = answer.as_json()
    found["ledger"] = [{**words(fact)._asdict(), **fact.to_dict()} for fact in answer.ledger]
    audit = answer.audit
    if audit is not None:
        statement = None if audit.result is None else audit_statement(audit.result)
        found["audit"]["statement"] = statement
    return found


def ledger_rows(ledger: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """A stored ledger for people: assumption, status and evidence of each entry.

    Entries of a code that this version does not know are left out.
    """
    found = [fact_from_dict(row) for row in ledger if row.get("code") in facts.CODES]
    return [{**words(fact)._asdict(), "status": str(fact.status)} for fact in found]


def certificate_statements(content: Mapping[str, Any]) -> list[str]:
    """What the audits of a certificate found."""
    return [audit_statement(audit_result(audit)) for audit in content["audits"]]


def certificate_sentence(content: Mapping[str, Any]) -> str:
    """What a certificate that holds is worth."""
    claim, count = content["claim"], content["space"]["count"]
    epsilon = claim["certified_epsilon"]
    audits = "".join(f" Audit: {statement}." for statement in certificate_statements(content))
    if epsilon is None:
        return f"The certificate holds: it claims no guarantee.{audits}"
    what = (
        f"W(best) is at least {1 - epsilon:.4g} of the largest among {count:,} architectures"
        if content["question"]["goal"] == Goal.BEST
        else f"all of {count:,} architectures are covered within a factor of {1 + epsilon:.4g}"
    )
    is_proved = claim["guarantee"] == Guarantee.PROVED
    condition = "" if is_proved else ", if the ledger's assumptions hold"
    spent = f"after {claim['evaluations']:,} evaluations"
    return f"The certificate holds: {what}, {spent}{condition}.{audits}"


def latency_note(latency: LatencyBasis) -> str:
    """Which latency an answer is about: runtime, workload, machine."""
    parts = [
        latency.runtime,
        f"batch {latency.batch_size}",
        f"{latency.sequence_length} tokens",
    ]
    if latency.threads:
        parts.append(f"{latency.threads} threads")
    if latency.band:
        parts.append(f"model within ±{latency.band:.0%}")
    if latency.machine is None:
        return f"Latency: {', '.join(parts)}; not measured yet."
    where = "this machine" if latency.is_this_machine else "another machine"
    cpu = latency.machine.cpu or "unknown processor"
    return f"Latency: {', '.join(parts)}; measured on {where} ({cpu})."


@singledispatch
def words(fact: Fact) -> Words:
    """An entry of the ledger for people."""
    raise NotImplementedError(f"no words for {fact.code}")


@words.register
def _(_fact: facts.DevErrors) -> Words:
    return Words(
        "error on this dev set, as trained",
        "The claim is about the errors that these trainings had on this dev set, not about other "
        "data.",
    )


@words.register
def _(fact: facts.PopulationErrors) -> Words:
    pairs = (
        "Pairs are compared on the examples that both answered."
        if fact.compares_pairs
        else "Each architecture has an interval of its own; pairs are not compared."
    )
    return Words(
        "error in the population",
        f"The intervals of all {fact.architectures:,} architectures hold together at "
        f"{fact.confidence:.4g} confidence, if the dev examples are independent draws from the "
        f"population that no training has seen. {pairs}",
    )


@words.register
def _(fact: facts.SizesKnown) -> Words:
    if fact.are_listed:
        return Words("sizes", "Certified for the sizes as listed.")
    return Words("parameter counts", "Counted exactly for every architecture.")


@words.register
def _(_fact: facts.LatencyListed) -> Words:
    return Words("latency", "Certified for the latencies as listed.")


@words.register
def _(fact: facts.LatencyModelled) -> Words:
    factor = 1 + fact.epsilon
    truth = factor * (1 + fact.band) / (1 - fact.band)
    return Words(
        "latency",
        f"Certified for the model's latencies, within a factor of {factor:.3g}. If the true ones "
        f"lie within ±{fact.band:.1%} of the model, they are covered within a factor of "
        f"{truth:.3g}.",
    )


_LIPSCHITZ = "error changes no faster than λ"


@words.register
def _(fact: facts.LambdaNotNeeded) -> Words:
    text = "Not needed: every architecture is evaluated."
    if fact.record.violated:
        text += f" (λ as given would not hold: {_record(fact.record)}.)"
    return Words(_LIPSCHITZ, text)


@words.register
def _(fact: facts.LambdaUnknown) -> Words:
    return Words(
        _LIPSCHITZ,
        f"λ cannot be estimated yet: {fact.sources} evaluations do not tell every dimension apart.",
    )


@words.register
def _(fact: facts.LambdaUntested) -> Words:
    return Words(
        _LIPSCHITZ,
        f"λ is estimated from {fact.sources} evaluations. It has met {fact.predictions} of the "
        f"{fact.wanted} new errors that must test it first.",
    )


@words.register
def _(fact: facts.LambdaEstimated) -> Words:
    return Words(
        _LIPSCHITZ,
        f"λ is estimated (twice the envelope of {fact.pairs} pairs; {_record(fact.record)}). If it "
        f"holds, {_covered(fact.goal, fact.certified_epsilon)}",
    )


@words.register
def _(fact: facts.LambdaGiven) -> Words:
    audit = " The audit refutes it." if fact.is_refuted_by_audit else ""
    if fact.record.violated:
        return Words(_LIPSCHITZ, f"λ as given does not hold: {_record(fact.record)}.{audit}")
    claim = _covered(fact.goal, fact.certified_epsilon)
    return Words(_LIPSCHITZ, f"λ as given; {_record(fact.record)}. If it holds, {claim}{audit}")


def _record(record: facts.Predictions) -> str:
    text = f"{record.violated} of {record.made} predictions violated"
    if record.worst_pair is None:
        return text
    pair = " against ".join(record.worst_pair)
    return f"{text}, the worst by {np.expm1(record.worst_excess):.2g} of the error ({pair})"


def _covered(goal: Goal, certified_epsilon: float | None) -> str:
    if certified_epsilon is None:
        return "nothing is certified yet."
    if goal is Goal.BEST:
        return f"the best W is within a factor of {1 - certified_epsilon:.3g} of the largest."
    return f"every architecture is covered within a factor of {1 + certified_epsilon:.3g}."


@words.register
def _(fact: facts.SeedNoise) -> Words:
    name = "what one seed adds"
    if fact.is_measured:
        return Words(
            name,
            f"τ = {fact.nugget:.3g} of ln error between two means over seeds, measured from the "
            "seeds of the first architectures. It holds for 95 of 100 pairs if seeds err normally.",
        )
    if fact.nugget:
        return Words(name, f"τ = {fact.nugget:.3g} of ln error, as given.")
    return Words(name, "τ = 0: an error is what its trainings gave, their seeds included.")


@words.register
def _(fact: facts.Monotone) -> Words:
    name = "a larger architecture errs no more than 1+σ times as much"
    if fact.worst_ratio is None:
        text = f"σ = {fact.slack:.3g}; no violation among {fact.pairs} comparable pairs."
    else:
        text = (
            f"σ = {fact.slack:.3g} does not hold: in one of {fact.pairs} comparable pairs the "
            f"larger one errs {fact.worst_ratio:.3g} times as much."
        )
    return Words(name, text)


@words.register
def _(fact: facts.Scales) -> Words:
    scales = ", ".join(f"{name} {scale}" for name, scale in fact.scales.items())
    return Words("scales of the dimensions", f"Distances are measured on these scales: {scales}.")


@words.register
def _(fact: facts.ErrorsFloored) -> Words:
    floor = f"{fact.floor:.3g}" + (", 1/(2 n_dev)" if fact.n else "")
    return Words(
        "errors of 0",
        f"{fact.count} errors of 0 count as {floor}. An error is promised to be at most (1+ε) "
        "times the larger of the true one and this.",
    )


@words.register
def _(fact: facts.Excluded) -> Words:
    return Words(
        "excluded",
        f"{fact.count} architectures diverged in training and in every retry. They are left out "
        "of the claim and bound no others.",
    )


@words.register
def _(fact: facts.Audited) -> Words:
    statement = _audit_statement(
        goal=fact.goal,
        epsilon=fact.epsilon,
        alpha=fact.alpha,
        drawn=fact.drawn,
        population=fact.population,
        failed=fact.failed,
        uncovered_at_most=fact.uncovered_at_most,
    )
    lambda_ = (
        f"{fact.outside} errors lie outside what λ predicts, the worst by "
        f"{np.expm1(fact.worst_excess):.1%}."
        if fact.outside
        else "All errors lie within what λ predicts."
    )
    return Words("audit, which needs no assumption", f"{statement}. {lambda_}")


@words.register
def _(_fact: facts.EveryRowCounts) -> Words:
    return Words("errors as listed", "Every row counts as evaluated, so nothing is assumed.")


@words.register
def _(fact: facts.Maximised) -> Words:
    return Words(
        "what is maximised",
        f"More is better for {', '.join(fact.objectives)}: an error counts as 1 minus its value, a "
        "size or latency as 1 divided by it.",
    )


def print_answer(answer: Answer) -> None:
    """The front as a table, and what is certified."""
    console = Console()
    if isinstance(answer, StudyAnswer):
        console.print(_study_table(answer))
    else:
        console.print(_rows_table(answer))
    console.print(Text(summary(answer)))
    if isinstance(answer, StudyAnswer):
        for note in _latency_notes(answer):
            console.print(Text(note))
    elif answer.certificate:
        console.print(Text(f"Certificate: {answer.certificate}"), soft_wrap=True)


def _study_table(answer: StudyAnswer) -> Table:
    headings = ("parameters", "effective", "latency ms", "error", "± se")
    table = _table(f"Pareto front of study {answer.study}", ["architecture"], headings)
    for point in answer.front:
        table.add_row(
            point.id,
            f"{point.parameter_count:,}",
            f"{point.effective_parameter_count:,}",
            f"{point.latency_ms:.2f}",
            f"{point.error_rate:.4f}",
            f"{point.error_se:.4f}",
            "best" if answer.best and point.id == answer.best.id else "",
        )
    return table


def _rows_table(answer: TableAnswer) -> Table:
    columns, front = answer.columns, answer.front
    is_numbered = bool(front) and all(point.label.isdigit() for point in front)
    names = ["row" if is_numbered else "architecture"]
    if front:
        names.append(", ".join(front[0].architecture))
    table = _table("Pareto front", names, (columns.size, columns.latency, "error", "± se"))
    for point in front:
        table.add_row(
            point.label,
            ", ".join(map(str, point.architecture.values())),
            f"{point.size:,}",
            f"{point.latency:,}",
            f"{point.error_rate:.4f}",
            "" if point.error_se is None else f"{point.error_se:.4f}",
            "best" if answer.best and point.id == answer.best.id else "",
        )
    return table


def _table(title: str, names: Sequence[str], headings: Sequence[str]) -> Table:
    table = Table(title=Text(title), box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(Text(names[0]), no_wrap=True)
    for name in names[1:]:
        table.add_column(Text(name), overflow="fold")
    for heading in headings:
        table.add_column(Text(heading), justify="right")
    table.add_column("")
    return table


def _latency_notes(answer: StudyAnswer) -> Iterable[str]:
    latency = answer.latency
    if latency.is_this_machine is False:
        yield f"Latency: profile {latency.profile} of another machine or other software."
    if latency.noise_ok is False:
        yield NOISY
    measured = [_measured(point) for point in answer.front if point.latency_measured]
    if measured:
        yield f"Measured: {', '.join(measured)}."


def _measured(point: Point) -> str:
    """What a winner took, beside what was predicted."""
    took = point.latency_measured
    assert took is not None
    return f"{point.id} {took.median_ms:.2f} ms (predicted {point.latency_ms:.2f})"
