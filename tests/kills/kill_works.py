"""The kinds of work that are killed, and what must be equal in the end."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kill_place import KillFailedError, Place

PICK = "1-2-8-16"
SEARCH = (
    *("search", "--task", "reviews.csv", "--space", "tiny.toml", "--source", "source"),
    *("--latency-profile", "made-up", "--steps", "20", "--learning-rates", "0.003"),
    *("--threads", "1", "--study", "killed", "--budget", "6", "--json"),
)
AGORA = (
    *("agora", "run", "--task", "reviews.csv", "--labelled", "60", "--source", "source"),
    *("--architecture", "1-2-16-32", "--steps", "15", "--threads", "1", "--rounds", "2"),
    *("--points-per-round", "40", "--study", "killed", "--json"),
)
FINETUNE = (
    *("finetune", "--study", "first", "--pick", PICK, "--distil-steps", "20", "--steps", "20"),
    *("--copies", "1", "--threads", "1", "--json"),
)
LATENCY = (
    *("latency", "measure", "--space", "tiny.toml", "--count", "8", "--threads", "1"),
    *("--sequence-length", "16", "--wait", "--json"),
)
TWO_RIVALS = (
    *("--task", "reviews.csv", "--source", "source", "--rival", "tfidf", "--rival", "fasttext"),
    "--json",
)
RIVALS = ("rivals", *TWO_RIVALS)
BENCH = ("bench", "classifiers", *TWO_RIVALS)
TABLE = "table.csv"


@dataclass(frozen=True)
class Work:
    """A kind of work.

    Attributes:
        result: what must be equal, read after the work from what it has left and its answer.
        arguments: for the place, because outputs lie in it.
    """

    name: str
    arguments: Callable[[Place], Sequence[str]]
    result: Callable[[Place, dict[str, Any]], Any]
    job: str | None = None


def _searched(place: Place, _: dict[str, Any]) -> Any:
    answer = place.run("front", "--study", "killed", "--json")
    _check_once(place, r"trained (\S+ seed \d+)")
    return {name: answer[name] for name in ("front", "cover", "certified_epsilon", "evaluations")}


def _ran_agora(place: Place, answer: dict[str, Any]) -> Any:
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in answer["rounds"]]
    return rows, {k: v for k, v in answer["final"].items() if k != "seconds"}


def _finetuned(place: Place, answer: dict[str, Any]) -> Any:
    _check_once(place, r"(\S+: \S+) finished after")
    (model,) = answer["models"]
    folder = place.home / "models" / model["model"]
    return model["audit"], model["dev"], _digests(folder, ["model.safetensors", "tokenizer.json"])


def _measured(place: Place, answer: dict[str, Any]) -> Any:
    names = {row["profile"] for row in place.run("latency", "show", "--json")["profiles"]}
    new = {name for name in names if name.startswith("tiny-")}  # others are made with the world
    if len(new) != 1:
        raise KillFailedError(f"one profile expected, got {names}")
    # A resumed job answers with the profile's name alone, the command with the whole profile.
    profile = place.run("latency", "show", new.pop(), "--json")
    return answer["complete"], [row["architecture"] for row in profile["architectures"]]


def _compared(place: Place, answer: dict[str, Any]) -> Any:
    timed = ("latency", "memory_bytes", "seconds", "verdicts")
    rows = [{k: v for k, v in row.items() if k not in timed} for row in answer["rows"]]
    return rows, _made_rivals(place)


def _benched(place: Place, _: dict[str, Any]) -> Any:
    with (place.folder / TABLE).open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    kept = ("name", "accuracy", "low", "high", "macro_f1", "bytes")
    return [[row[column] for column in kept] for row in rows], _made_rivals(place)


def _made_rivals(place: Place) -> dict[str, str]:
    found = _digests(place.home / "cache" / "rivals")
    return {k: v for k, v in found.items() if Path(k).suffix not in (".json", ".lock")}


def _imported(place: Place, _: dict[str, Any]) -> Any:
    models = sorted((place.home / "models").iterdir())
    return [(model.name, _digests(model)) for model in models]


def _exported(place: Place, _: dict[str, Any]) -> Any:
    out = place.folder / "out"
    return _digests(out) if out.is_dir() else sorted(_zip_names(out))


def _prepared(place: Place, _: dict[str, Any]) -> Any:
    return _digests(place.home / "cache" / "tasks")


WORKS = (
    Work("search", lambda _: SEARCH, _searched, "search"),
    Work("agora", lambda _: AGORA, _ran_agora, "agora"),
    Work("finetune", lambda _: FINETUNE, _finetuned, "finetune"),
    Work("latency", lambda _: LATENCY, _measured, "latency"),
    Work("rivals", lambda _: RIVALS, _compared, "rivals"),
    Work("classifiers", lambda p: (*BENCH, "--out", str(p.folder / TABLE)), _benched),
    Work("import", lambda _: ("import", "bundle.zip", "--json"), _imported),
    Work("export", lambda p: ("export", "--out", str(p.folder / "out"), "--json"), _exported),
    Work(
        "bundle",
        lambda p: ("export", "--format", "bundle", "--out", str(p.folder / "out"), "--json"),
        _exported,
    ),
    Work("prepare", lambda _: ("data", "prepare", "tweets", "--json"), _prepared),
)


def _check_once(place: Place, pattern: str) -> None:
    """Check that no line of any job's log says the same training twice."""
    for log in (place.home / "runs").glob("*/log.txt"):
        made = Counter(re.findall(pattern, log.read_text(encoding="utf-8")))
        if twice := [name for name, count in made.items() if count > 1]:
            raise KillFailedError(f"made twice: {', '.join(twice)}")


def _digests(folder: Path, names: Sequence[str] | None = None) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if names is None or path.name in names
    }


def _zip_names(path: Path) -> list[str]:
    from zipfile import ZipFile

    with ZipFile(path) as archive:
        return [f"{one.filename} {one.CRC}" for one in archive.infolist()]
