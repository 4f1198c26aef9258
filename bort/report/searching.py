"""What a running search does and has just learnt, for the page that watches it."""

from collections.abc import Sequence

from bort.core.progress import Progress, Stage
from bort.core.question import Goal
from bort.report.numbers import duration, rounded_up
from bort.studies.estimates import Planned, Work

_PICKED = {
    Goal.COVER: "It was picked because its error would certify the most others, because it may "
    "improve the front most for its cost, or to test the claim.",
    Goal.BEST: "It was picked because its W may be the largest, because it saves the most in size "
    "and latency, or to test the claim.",
}
_NAMES = {
    Work.QUEUE: "other jobs",
    Work.FETCH: "download",
    Work.PREPARE: "texts",
    Work.LATENCY: "latency here",
    Work.TEACHER: "teacher",
    Work.CANDIDATES: "candidates",
    Work.AUDIT: "audit",
    Work.WINNERS: "winners' latency",
    Work.LABELER: "labeler",
    Work.VECTORS: "vectors",
    Work.DISTILLED: "distilled student",
    Work.ROUNDS: "rounds",
    Work.STUDENTS: "models",
}
_MEASURING = (Stage.WAITING_FOR_QUIET, Stage.BUILDING, Stage.WARMING_UP, Stage.MEASURING)
_STAGES = {
    Work.QUEUE: (Stage.WAITING_FOR_TRAINING, Stage.WAITING_FOR_MEASUREMENT),
    Work.FETCH: (Stage.FETCHING,),
    Work.PREPARE: (
        *(Stage.PREPARING_TASK, Stage.LOADING_TASK, Stage.READING_TEXTS),
        Stage.FITTING_BASELINES,
    ),
    Work.LATENCY: _MEASURING,
    Work.WINNERS: _MEASURING,
    Work.TEACHER: (
        *(Stage.ARRANGING_VECTORS, Stage.TRAINING_HEAD, Stage.TRAINING_TEACHER),
        Stage.LABELLING,
    ),
    Work.CANDIDATES: (Stage.TRAINING_CANDIDATES,),
    Work.AUDIT: (Stage.AUDITING,),
    Work.LABELER: (Stage.LABELLING,),
    Work.VECTORS: (Stage.READING_VECTORS,),
    Work.DISTILLED: (Stage.DISTIL,),
    Work.ROUNDS: (Stage.AGORA_ROUND, Stage.COMPARING),
    Work.STUDENTS: (Stage.DISTIL, Stage.FINETUNE, Stage.AGORA, Stage.PLAIN),
}
_COUNTED = (  # stages whose count is about the whole job
    *(Stage.TRAINING_CANDIDATES, Stage.AUDITING, Stage.AGORA_ROUND, Stage.COMPARING),
    *_STAGES[Work.STUDENTS],
)


def stages(step: Progress, planned: Sequence[Planned], now: float) -> list[tuple[str, str]]:
    """List the planned stages, each with a sign (done, now, ahead) and its time.

    Args:
        now: seconds since 1970.

    Examples:
        >>> plan = [Planned(Work.PREPARE, 9.0), Planned(Work.CANDIDATES, 150.0)]
        >>> stages(Progress(3, 12, Stage.TRAINING_CANDIDATES, eta_s=75), plan, now=100.0)
        [('✓', 'texts'), ('●', 'candidates: 3 of 12, about 1 min 15 s left')]
        >>> stages(Progress(stage=Stage.READING_TEXTS, at=90.0, since=90.0), plan, now=94.0)
        [('●', 'texts, about 5 s left'), ('○', 'candidates, about 2 min 30 s')]
    """
    able = [i for i, one in enumerate(planned) if step.stage in _STAGES.get(one.work, ())]
    # Latency is measured before the trainings and, as a part of the job, after them.
    is_part = "part_total" in step.numbers
    now_at = None if not able else able[-1] if is_part else able[0]
    rows = []
    for i, one in enumerate(planned):
        if i == now_at:
            rows.append(("●", _NAMES[one.work] + _how_far(step, one.seconds, now)))
        elif now_at is not None and i < now_at:
            rows.append(("✓", _NAMES[one.work]))
        else:
            time = "" if one.seconds is None else f", about {duration(one.seconds)}"
            rows.append(("○", _NAMES[one.work] + time))
    return rows


def _how_far(step: Progress, expected: float | None, now: float) -> str:
    is_counted = step.stage in _COUNTED and step.total is not None
    count = f": {step.done:,} of {step.total:,}" if is_counted else ""
    left = _seconds_left(step, expected, now)
    if left is None:
        return count
    if left < 0:
        return f"{count}, longer than expected"
    return f"{count}, about {duration(left)} left"


def _seconds_left(step: Progress, expected: float | None, now: float) -> float | None:
    """Estimate by what the stage says itself, by its count so far, or by the plan."""
    ago = 0.0 if step.at is None else now - step.at
    if step.eta_s is not None:
        return step.eta_s - ago
    if step.at is None or step.since is None:
        return expected
    done, total = step.numbers.get("part_done"), step.numbers.get("part_total")
    if done and total:
        return (step.at - step.since) * (total - done) / done - ago
    return None if expected is None else expected - (now - step.since)


def pick_sentence(step: Progress, goal: Goal) -> str:
    """Say why the architecture in training was picked; nothing if it is not known.

    Examples:
        >>> print(pick_sentence(Progress(stage=Stage.TRAINING_CANDIDATES,
        ...     numbers={"is_design": 0}), Goal.BEST))
        It was picked because its W may be the largest, because it saves the most in size and \
latency, or to test the claim.
    """
    is_design = step.numbers.get("is_design")
    if is_design is None or goal not in _PICKED:
        return ""
    if is_design:
        return (
            "It belongs to the first design, which changes one dimension at a time to see how much "
            "each one matters."
        )
    return _PICKED[goal]


def learnt_sentence(step: Progress, certified: Sequence[float | None]) -> str:
    """Say what the last training taught; nothing before the first.

    Args:
        certified: the certified ε after each training.

    Examples:
        >>> step = Progress(numbers={"last_error": 0.2})
        >>> learnt_sentence(step, [None, 0.61, 0.48])
        'The last training has an error of 20.0%. Certified ε 0.61 → 0.48.'
        >>> learnt_sentence(step, [0.48, 0.48])
        'The last training has an error of 20.0%. Certified ε stays at 0.48.'
    """
    error = step.numbers.get("last_error", step.numbers.get("error"))
    said = [] if error is None else [f"The last training has an error of {error:.1%}."]
    before, now = (None, None, *certified)[-2:]
    if now is not None:
        if before is None:
            said.append(f"Certified ε is {rounded_up(now)}; nothing was certified before.")
        elif rounded_up(before) == rounded_up(now):
            said.append(f"Certified ε stays at {rounded_up(now)}.")
        else:
            said.append(f"Certified ε {rounded_up(before)} → {rounded_up(now)}.")
    return " ".join(said)
