"""The sentences about baselines and teacher: what seconds of fitting reach on the same task."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bort.core.baseline import Method, OracleFacts, Scored

if TYPE_CHECKING:
    from bort.studies.answers import StudyAnswer

NAMES = {
    Method.MAJORITY: "the most frequent class",
    Method.TFIDF: "tf-idf with logistic regression",
    Method.PROBE: "a linear probe on source vectors",
    Method.FINETUNED: "the fine-tuned source network",
    Method.GIVEN: "the given teacher",
}
SHORT_NAMES = {
    Method.MAJORITY: "majority",
    Method.TFIDF: "tf-idf",
    Method.PROBE: "linear probe",
    Method.FINETUNED: "teacher",
    Method.GIVEN: "teacher",
}


def methods_name(methods: Sequence[Method]) -> str:
    """Name a method, or the mean of several.

    Examples:
        >>> print(methods_name([Method.FINETUNED, Method.TFIDF]))
        the mean of the fine-tuned source network and tf-idf with logistic regression
    """
    names = [NAMES[method] for method in methods]
    if len(names) == 1:
        return names[0]
    return f"the mean of {', '.join(names[:-1])} and {names[-1]}"


def error_text(scored: Scored) -> str:
    """Write an error with its 95% interval.

    Examples:
        >>> error_text(Scored(methods=(), error_rate=0.1, low=0.08, high=0.13, macro_f1=0.9, n=900))
        '10.0% (8.0 to 13.0)'
    """
    return f"{scored.error_rate:.1%} ({100 * scored.low:.1f} to {100 * scored.high:.1f})"


def baselines_sentence(facts: OracleFacts) -> str:
    """Say what the baselines and the teacher reach on dev."""
    if not facts.baselines:
        return ""
    parts = [f"{SHORT_NAMES[one.methods[0]]} {error_text(one)}" for one in facts.baselines]
    teacher = next((t for t in facts.teachers if t.methods == facts.teacher_methods), None)
    if teacher is not None:
        parts.append(f"the teacher {error_text(teacher)}")
    n = facts.baselines[0].n
    return f"Errors on {n:,} dev texts, with 95% intervals: {', '.join(parts)}."


def teacher_sentence(facts: OracleFacts) -> str:
    """Say whose answers the candidates learn from, and why."""
    if len(facts.teachers) < 2:
        return ""
    return (
        f"Candidates learn from {methods_name(facts.teacher_methods)}: of {len(facts.teachers)} "
        "choices, the simplest that may be the best on dev."
    )


def beaten_sentence(answer: "StudyAnswer") -> str:
    """Say so if the most accurate architecture found is worse than a baseline; else nothing."""
    facts = answer.facts
    baseline = None if facts is None else facts.best_baseline
    best = min(answer.front, key=lambda point: point.error_rate, default=None)
    if baseline is None or best is None or best.error_rate <= baseline.error_rate:
        return ""
    return (
        f"Beaten so far: {NAMES[baseline.methods[0]]} gets {baseline.error_rate:.1%} of dev wrong, "
        f"the most accurate architecture {best.error_rate:.1%} after its short training. Train "
        f"longer (bort finetune --pick {best.id}), raise --steps, or search larger architectures."
    )
