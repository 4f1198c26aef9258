"""The sentences about baselines and teacher: what seconds of fitting reach on the same task."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bort.core.baseline import MANY_UNKNOWN, Coverage, Method, OracleFacts, Scored

if TYPE_CHECKING:
    from bort.studies.answers import StudyAnswer

NAMES = {
    Method.MAJORITY: "the most frequent class",
    Method.TFIDF: "tf-idf with logistic regression",
    Method.PROBE: "a linear probe on source vectors",
    Method.FINETUNED: "the fine-tuned source network",
    Method.GIVEN: "the given teacher",
    Method.FILE: "the file of soft labels",
}
SHORT_NAMES = {
    Method.MAJORITY: "majority",
    Method.TFIDF: "tf-idf",
    Method.PROBE: "linear probe",
    Method.FINETUNED: "teacher",
    Method.GIVEN: "teacher",
    Method.FILE: "teacher",
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
    if teacher is not None and facts.coverage is None:
        parts.append(f"the teacher {error_text(teacher)}")
    n = facts.baselines[0].n
    return f"Errors on {n:,} dev texts, with 95% intervals: {', '.join(parts)}."


def teacher_sentence(facts: OracleFacts) -> str:
    """Say whose answers the candidates learn from, and why, and how many words are unknown."""
    said = ""
    if facts.coverage is not None:
        said = f"The teacher has {teacher_error(facts)}. {coverage_sentence(facts.coverage)}"
    elif len(facts.teachers) > 1:
        said = (
            f"Candidates learn from {methods_name(facts.teacher_methods)}: of "
            f"{len(facts.teachers)} choices, the simplest that may be the best on dev."
        )
    return " ".join(filter(None, [said, unknown_sentence(facts)]))


def unknown_sentence(facts: OracleFacts) -> str:
    """Say which share of the task's words the source network's vocabulary lacks, if it is known.

    Examples:
        >>> facts = OracleFacts(source="the source network", source_sha256="", teacher="",
        ...     teacher_dev_error=0.1, device="cpu", threads=1, unknown_share=0.004)
        >>> unknown_sentence(facts)
        'The source network does not know 0.4% of the words and pieces in these texts.'
    """
    share = facts.unknown_share
    if share is None:
        return ""
    if share < MANY_UNKNOWN:
        return (
            f"The source network does not know {share:.1%} of the words and pieces in these texts."
        )
    return (
        f"{facts.source} does not know {share:.0%} of the words and pieces in these texts, and "
        "nothing can be learned from them; name a network of their language with --source."
    )


def teacher_error(facts: OracleFacts) -> str:
    """Say how often the teacher is wrong, and on which texts."""
    if facts.coverage is None:
        return f"dev error {facts.teacher_dev_error:.1%}"
    score = facts.teachers[0]
    split = _SPLITS[facts.coverage.judged_on]
    return f"error {error_text(score)} on the {score.n:,} {split} texts that it answers"


_SPLITS = {"train": "training", "dev": "dev", "audit": "audit"}


def coverage_sentence(coverage: Coverage) -> str:
    """Say which texts a file of soft labels answers, and what happens to the others.

    Examples:
        >>> print(coverage_sentence(Coverage(covered={"train": 60, "dev": 9}, texts={"train": 60,
        ...     "dev": 12})))
        The file of soft labels answers 60 of 60 training and 9 of 12 dev texts.
    """
    counts = [
        f"{n:,} of {coverage.texts[split]:,} {_SPLITS[split]}"
        for split, n in coverage.covered.items()
    ]
    said = [f"The file of soft labels answers {', '.join(counts[:-1])} and {counts[-1]} texts."]
    if coverage.covered["train"] < coverage.texts["train"]:
        said.append("The other training texts teach their true labels.")
    if coverage.judged_on == "train":
        said.append(
            "Too few dev texts are answered, so the teacher is judged by the training texts that "
            "it answers."
        )
    return " ".join(said)


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
