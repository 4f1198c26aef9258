"""Questions whose answers must not change. Run as a script, it rewrites `answers.json`.

    python tests/unchanged/asked.py          (about half a minute)

The answers were recorded before the package was rearranged. A change that is meant to change them
(another estimator of λ, say) records them again and says so in its commit.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from click.testing import CliRunner

RECORDED = Path(__file__).parents[2] / "data" / "recorded"
ANSWERS = Path(__file__).with_name("answers.json")
STUDIES = {
    "example": RECORDED / "earlier" / "movie-reviews-minilm.json",
    "published-60": RECORDED / "published-space" / "60-steps.json",
    "published-30": RECORDED / "published-space" / "30-steps.json",
}
TABLES = {
    "reviews": RECORDED / "movie-reviews-minilm-96.csv",
    "tweets": RECORDED / "tweets-minilm-24.csv",
}
OF_STUDIES = (
    (),
    ("--epsilon", "0.1", "--weights", "1,2,1"),
    ("--epsilon", "1", "--weights", "2,1,4"),
)
OF_TABLES = (
    ("--epsilon", "0.25"),
    ("--epsilon", "0.1"),
    ("--epsilon", "0.25", "--lipschitz", "0.4"),
    ("--epsilon", "0.25", "--confidence", "0.95"),
    ("--epsilon", "0.5", "--slack", "0.2", "--lipschitz", "0.3"),
    ("--goal", "best", "--epsilon", "0.3", "--weights", "1,1,2"),
    ("--goal", "best", "--epsilon", "0.2", "--lipschitz", "0.2"),
    ("--epsilon", "0.1", "--budget", "12", "--audit", "5"),
    ("--goal", "paper"),
    ("--goal", "exhaustive"),
)
COLUMNS = (
    *("--size", "parameter_count", "--latency", "latency_ms"),
    *("--error", "error_mean", "--error-se", "error_se"),
    *("--dimensions", "depth,heads,hidden,intermediate"),
)
KEPT = (
    *("space_size", "goal", "epsilon", "weights", "evaluations", "evaluation_bound"),
    *("certified_epsilon", "guarantee", "guaranteed", "cover", "w_ratio", "excluded", "ranking"),
)


def answers() -> dict[str, Any]:
    """Return every answer by its question."""
    with _home():
        found = {f"{name} {' '.join(asked)}".strip(): _study(name, asked) for name, asked in _all()}
    for name, file in TABLES.items():
        for asked in OF_TABLES:
            with _home():
                answer = _ask("search", "--from-table", str(file), *COLUMNS, *asked)
            found[f"{name} {' '.join(asked)}"] = answer
    return found


@contextmanager
def _home() -> Iterator[None]:
    """Use an empty home within a `with` block, and restore the environment afterwards."""
    with tempfile.TemporaryDirectory() as home, patch.dict(os.environ, {"BORT_HOME": home}):
        os.environ.pop("BORT_STORE", None)
        yield


def _all() -> list[tuple[str, tuple[str, ...]]]:
    return [(name, asked) for name in STUDIES for asked in OF_STUDIES]


def _study(name: str, asked: tuple[str, ...]) -> dict[str, Any]:
    from bort.storage import Thing, ThingKind, import_study, open_store

    recorded = json.loads(STUDIES[name].read_text(encoding="utf-8"))
    study = recorded["spec"]["name"]
    with open_store() as store:
        if study not in {record.name for record in store.studies()}:
            import_study(store, recorded)
        # Recorded studies may share a name, so each is loaded, asked and forgotten in turn.
        answer = _ask("front", "--study", study, *asked)
        store.delete(Thing(ThingKind.STUDY, study))
    return answer


def _ask(*arguments: str) -> dict[str, Any]:
    from bort.cli.main import bort

    result = CliRunner().invoke(bort, [*arguments, "--json"])
    if result.exit_code or result.exception:
        raise RuntimeError(f"bort {' '.join(arguments)}: {result.exception or result.output}")
    return _kept(json.loads(result.stdout))


def _kept(answer: dict[str, Any]) -> dict[str, Any]:
    best = answer["best"]
    audit = answer["audit"]
    return {
        **{key: answer[key] for key in KEPT},
        "front": [point["id"] for point in answer["front"]],
        "best": None if best is None else {"id": best["id"], "w": best["w"]},
        "audit": audit
        and {key: audit[key] for key in ("drawn", "failed", "population", "uncovered_at_most")},
        "statuses": [entry["status"] for entry in answer["ledger"]],
    }


if __name__ == "__main__":
    ANSWERS.write_text(json.dumps(answers(), indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{ANSWERS} written\n")
