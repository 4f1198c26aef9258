"""What a running search does and has just learnt, for the page that watches it."""

from collections.abc import Sequence

from bort.core.progress import Progress, Stage
from bort.core.question import Goal
from bort.report.numbers import duration
from bort.studies.estimates import Planned, Work

_PICKED = {
    Goal.COVER: "It was picked because its error would certify most of the others.",
    Goal.BEST: "It was picked because its W may be the largest.",
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
}
_STAGES = {
    Work.QUEUE: (Stage.WAITING_FOR_TRAINING, Stage.WAITING_FOR_MEASUREMENT),
    Work.FETCH: (Stage.FETCHING,),
    Work.PREPARE: (
        *(Stage.PREPARING_TASK, Stage.LOADING_TASK, Stage.READING_TEXTS),
        Stage.FITTING_BASELINES,
    ),
    Work.LATENCY: (*(Stage.WAITING_FOR_QUIET, Stage.BUILDING, Stage.WARMING_UP, Stage.MEASURING),),
    Work.TEACHER: (
        *(Stage.ARRANGING_VECTORS, Stage.TRAINING_HEAD, Stage.TRAINING_TEACHER),
        Stage.LABELLING,
    ),
    Work.CANDIDATES: (Stage.TRAINING_CANDIDATES,),
    Work.AUDIT: (Stage.AUDITING,),
}


def stages(step: Progress, planned: Sequence[Planned]) -> list[tuple[str, str]]:
    """List the planned stages, each with a sign (done, now, ahead) and its time.

    Examples:
        >>> plan = [Planned(Work.PREPARE, 9.0), Planned(Work.CANDIDATES, 150.0)]
        >>> stages(Progress(3, 12, Stage.TRAINING_CANDIDATES, eta_s=75), plan)
        [('✓', 'texts'), ('●', 'candidates: 3 of 12, about 1 min 15 s left')]
        >>> stages(Progress(stage=Stage.READING_TEXTS), plan)
        [('●', 'texts, about 9 s'), ('○', 'candidates, about 2 min 30 s')]
    """
    works = [one.work for one in planned]
    now = next((work for work, group in _STAGES.items() if step.stage in group), None)
    at = works.index(now) if now in works else None
    rows = []
    for i, one in enumerate(planned):
        is_done = at is not None and i < at
        sign = "✓" if is_done else "●" if i == at else "○"
        time = _how_far(step) if i == at else ""
        if not (time or is_done or one.seconds is None):
            time = f", about {duration(one.seconds)}"
        rows.append((sign, _NAMES[one.work] + time))
    return rows


def _how_far(step: Progress) -> str:
    if step.stage not in (Stage.TRAINING_CANDIDATES, Stage.AUDITING) or step.total is None:
        return ""
    left = "" if step.eta_s is None else f", about {duration(step.eta_s)} left"
    return f": {step.done:,} of {step.total:,}{left}"


def pick_sentence(step: Progress, goal: Goal) -> str:
    """Say why the architecture in training was picked; nothing if it is not known.

    Examples:
        >>> print(pick_sentence(Progress(stage=Stage.TRAINING_CANDIDATES,
        ...     numbers={"is_design": 0}), Goal.COVER))
        It was picked because its error would certify most of the others.
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
            said.append(f"Certified ε is {now:.3g}; nothing was certified before.")
        elif f"{before:.3g}" == f"{now:.3g}":
            said.append(f"Certified ε stays at {now:.3g}.")
        else:
            said.append(f"Certified ε {before:.3g} → {now:.3g}.")
    return " ".join(said)
