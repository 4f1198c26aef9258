"""Made-up points and rounds of Agora."""


def point(value: object, verdict: str = "accepted", **more: object) -> dict:
    labelled = {"label": 1, "confidence": 0.9, "probabilities": [0.1, 0.9], "student_before": 0}
    kept = labelled if verdict == "accepted" else {"probabilities": []}
    known = {"value": value, "parent": 3, "sampler": "tangent", "distance": 0.4}
    unknown = {"label": None, "confidence": None, "student_before": None}
    return {**known, "verdict": verdict, **unknown, **kept, **more}


def made_up_round(number: int, points: list[dict], *, is_last: bool = False) -> tuple[dict, dict]:
    """Make a round's record and row, counting refusals as the loop does."""
    accepted = sum(p["verdict"] == "accepted" for p in points)
    refused = {p["verdict"]: 1 for p in points if p["verdict"] != "accepted"}
    ending = "rounds-spent" if is_last else None
    shared = {"train_size": 1500 + number, "setting": 0, "replayed": None, "ending": ending}
    record = {
        **shared,
        "number": number,
        "setting_errors": [[0, 0.1]],
        "surviving": [0, 2],
        "dev_error": {"wrong": 150 - number, "n": 1500},
        "wrong_dev": [3, 5, 8],
        "points": points,
        "after": [1] * number,
    }
    rates = {
        f"{split}_{key}": value
        for split in ("dev", "audit")
        for key, value in (("error", 0.1), ("low", 0.08), ("high", 0.12), ("n", 1500))
    }
    row = {
        **shared,
        **rates,
        "round": number,
        "errors_found": 150 - number,
        "proposed": len(points),
        "refused": refused,
        "accepted": accepted,
        "surviving_hyperparameters": [{}, {"learning_rate": 0.001}],
        "gap": 0.0,
        "near_dev": None,
        "betti": [1, number + 1, number],
        "coverage": 0.97,
        "seconds": 1.0,
    }
    return record, row
