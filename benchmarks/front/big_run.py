"""A made-up run of Agora on the torus with as many points as asked, stored like any other."""

from typing import Any

import numpy as np

from bort.agora.loop import Verdict
from bort.agora.loop.rounds import Ending
from bort.core.agora import TORUS, TorusSpec
from bort.core.progress import Progress, Stage
from bort.jobs.runtime.process import this_process
from bort.storage import JobState, Store
from bort.studies.agora import RUN, dev_items

Made = dict[str, Any]

ROUNDS = 10  # that sample; another one ends the run
WRONG = 200  # dev items, in each round


def store_run(store: Store, points: int) -> int:
    """Store a finished run whose rounds sampled `points` points in all; returns its job.

    Cost: 0.2 KB of the store per point.
    """
    spec = {"study": f"made-up-{points}", "task": TORUS, "seed": 0}
    job = store.create_job(RUN, {**TorusSpec.from_dict(spec).to_dict(), "task": TORUS})
    store.claim_job(job.id, job.attempt, this_process())
    dev = dev_items(TorusSpec.from_dict(job.spec))
    assert dev is not None
    places, draws = np.array(dev.values, dtype=float), np.random.default_rng(0)
    accepted = 0
    for number in range(ROUNDS + 1):
        wrong = np.sort(draws.choice(len(places), WRONG, replace=False))
        count = points // ROUNDS if number < ROUNDS else 0
        parents = draws.choice(wrong, count)
        values = places[parents] + draws.normal(scale=0.08, size=(count, 3))
        labels = draws.integers(2, size=count)
        is_accepted = draws.random(count) < 0.8
        made = [
            _point(*one)
            for one in zip(
                values.tolist(),
                parents.tolist(),
                labels.tolist(),
                is_accepted.tolist(),
                strict=True,
            )
        ]
        record, row = _round(number, wrong.tolist(), made, len(places), accepted)
        store.add_agora_round(job.id, number, record, row)
        accepted = int(is_accepted.sum())
    store.heartbeat(job.id, job.attempt, Progress(ROUNDS + 1, ROUNDS + 1, Stage.DONE))
    store.finish_job(job.id, job.attempt, JobState.DONE, ending=None)
    return job.id


def _point(value: list[float], parent: int, label: int, is_accepted: bool) -> Made:
    sampled = {"value": value, "parent": parent, "sampler": "tangent", "distance": 0.14}
    if not is_accepted:
        refused = {"verdict": Verdict.OUTSIDE_RADIUS.value, "probabilities": []}
        return {**sampled, **refused, "label": None, "confidence": None, "student_before": None}
    named = {"label": label, "confidence": 0.9, "probabilities": [0.1, 0.9], "student_before": 0}
    return {**sampled, **named, "verdict": Verdict.ACCEPTED.value}


def _round(
    number: int, wrong: list[int], points: list[Made], n: int, before: int
) -> tuple[Made, Made]:
    refused = sum(point["verdict"] == Verdict.OUTSIDE_RADIUS.value for point in points)
    ending = None if points else Ending.ROUNDS.value
    shared: Made = {"train_size": n, "setting": 0, "replayed": None, "ending": ending}
    record: Made = {
        **shared,
        "number": number,
        "setting_errors": [[0, len(wrong) / n]],
        "surviving": [0],
        "dev_error": {"wrong": len(wrong), "n": n},
        "wrong_dev": wrong,
        "points": points,
        "after": [1] * before,
    }
    rate: Made = {"error": len(wrong) / n, "low": 0.1, "high": 0.2, "n": n}
    row: Made = {
        **shared,
        **{f"{split}_{key}": value for split in ("dev", "audit") for key, value in rate.items()},
        "round": number,
        "errors_found": len(wrong),
        "proposed": len(points),
        "refused": {Verdict.OUTSIDE_RADIUS.value: refused},
        "accepted": len(points) - refused,
        "surviving_hyperparameters": [{}],
        "gap": 0.0,
        "near_dev": None,
        "betti": [1, 2, 1],
        "coverage": 0.97,
        "seconds": 1.0,
    }
    return record, row
