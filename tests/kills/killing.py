"""Kill `bort` at random moments, resume it, and compare with what an uninterrupted run gives.

    python tests/kills/killing.py --kills 100 --seed 0

Every kind of work is done once without a kill. Then each kill starts from a copy of the same home,
sends SIGKILL to the whole process group, sometimes twice, and finishes the work as a user would:
with `bort jobs resume`, or by the same command again where there is no job. It fails if a result
differs, a training was made twice, a round of a measurement was lost, or a file, folder or lock is
left over. The moments depend on the seed and on how fast the machine is.
"""

import argparse
import fcntl
import hashlib
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bort.storage import Store

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "shared"))

PATIENCE_S = 600
AGAIN = 0.25  # how often what continues is killed, too
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


class KillFailedError(AssertionError):
    """What a kill has broken."""


@dataclass
class World:
    """A folder with a network, a space, a task, and a home with a finished study and a model."""

    folder: Path
    home: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.folder / "home"

    def at(self, home: Path) -> "Place":
        """Copy the home, so that every run begins with the same."""
        shutil.copytree(self.home, home / "home")
        return Place(self.folder, home)


@dataclass
class Place:
    """A copy of the home, with temporary files and locks of its own."""

    files: Path
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(HERE / "quick_bort.py"), str(self.folder / "locks"), *arguments]

    def environment(self) -> dict[str, str]:
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        own = {"BORT_HOME": str(self.home), "TMPDIR": str(temporary), "OMP_WAIT_POLICY": "PASSIVE"}
        return {k: v for k, v in os.environ.items() if k != "BORT_STORE"} | own

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run a command to its end, and return what it prints."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            cwd=self.files,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode:
            raise KillFailedError(f"bort {' '.join(arguments)}: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def killed(self, arguments: Sequence[str], after_s: float) -> bool:
        """Run a command and kill all its processes; False if it had ended by then."""
        process = subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            cwd=self.files,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(timeout=after_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        return False


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
    new = names - {"made-up"}  # made with the world
    if len(new) != 1:
        raise KillFailedError(f"one profile expected, got {names}")
    # A resumed job answers with the profile's name alone, the command with the whole profile.
    profile = place.run("latency", "show", new.pop(), "--json")
    return answer["complete"], [row["architecture"] for row in profile["architectures"]]


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
    Work("import", lambda _: ("import", "bundle.zip", "--json"), _imported),
    Work("export", lambda p: ("export", "--out", str(p.folder / "out"), "--json"), _exported),
    Work(
        "bundle",
        lambda p: ("export", "--format", "bundle", "--out", str(p.folder / "out"), "--json"),
        _exported,
    ),
    Work("prepare", lambda _: ("data", "prepare", "tweets", "--json"), _prepared),
)


def make_world(folder: Path, *, has_model: bool = True) -> World:
    """Make everything that the works begin with; takes half a minute with a model."""
    import tiny
    from made_up_study import made_up_profile

    from bort.families import load_space

    tiny.write_all(folder)
    world = World(folder)
    place = Place(folder, folder)
    with _store(place) as store:
        profile = made_up_profile(load_space(str(folder / "tiny.toml")))
        store.put_profile(profile.to_dict(), profile.name)
    if has_model:
        place.run(*(word.replace("killed", "first") for word in SEARCH))
        place.run(*FINETUNE)
        place.run("export", "--format", "bundle", "--out", "bundle.zip", "--json")
    return world


def kill_and_compare(world: World, work: Work, whole: Any, after_s: Sequence[float]) -> str:
    """Kill a work, finish it, and compare.

    Args:
        whole: the result without a kill.
        after_s: when to kill it, and what continues it.
    Returns:
        How it was continued.
    Raises:
        KillFailedError: something is not as without a kill.
    """
    with tempfile.TemporaryDirectory(dir=world.folder, prefix="kill-") as folder:
        place = _ready(world, work, Path(folder))
        how, rounds = "ended before", list[bytes]()
        for seconds in after_s:
            how, command = _next_command(place, work)
            rounds.append(_rounds(place))
            if command is None or not place.killed(command, seconds):
                break
        how, command = _next_command(place, work)
        rounds.append(_rounds(place))
        answer = _result(place, work) if command is None else place.run(*command)
        rounds.append(_rounds(place))
        for before, after in itertools.pairwise(rounds):
            if not after.startswith(before[: len(before) // 8 * 8 - 8]):
                raise KillFailedError("complete rounds were lost")
        found = work.result(place, answer)
        if found != whole:
            raise KillFailedError(f"the result differs:\n{found}\n{whole}")
        _check_nothing_left(place)
        return how


def run_whole(world: World, work: Work) -> tuple[Any, float]:
    """Do a work without a kill; return its result and the seconds it took."""
    with tempfile.TemporaryDirectory(dir=world.folder, prefix="whole-") as folder:
        place = _ready(world, work, Path(folder))
        began = time.monotonic()
        answer = place.run(*work.arguments(place))
        seconds = time.monotonic() - began
        found = work.result(place, answer)
        _check_nothing_left(place)
        return found, seconds


def _ready(world: World, work: Work, folder: Path) -> Place:
    place = world.at(folder)
    if work.name == "import":  # as on another machine
        (model,) = (place.home / "models").iterdir()
        place.run("delete", "model", model.name, "--yes", "--json")
    return place


def _next_command(place: Place, work: Work) -> tuple[str, Sequence[str] | None]:
    """Choose what a user would do now: nothing, resume the job, or give the command again."""
    if work.job is not None:
        jobs = place.run("jobs", "list", "--json")["jobs"]
        before = place.files.joinpath("home", "runs").glob("*")
        known = {path.name for path in before}  # made with the world
        mine = [job for job in jobs if Path(job["folder"]).name not in known]
        if mine:
            job = mine[0]
            if job["state"] == "done":
                return "ended before", None
            return "resumed", ("jobs", "resume", str(job["id"]), "--json")
    elif _is_there(place, work):
        return "ended before", None
    return "given again", work.arguments(place)


def _is_there(place: Place, work: Work) -> bool:
    """Whether the output of work without a job is complete."""
    if work.name == "import":
        with _store(place) as store:
            return bool(store.models())
    return work.name in ("export", "bundle") and (place.folder / "out").exists()


def _result(place: Place, work: Work) -> dict[str, Any]:
    """Read what the command would have printed: a kill came after its job was done."""
    if work.job is None:
        return {}
    found: dict[str, Any] = place.run("jobs", "show", _job(place, work), "--json")["result"]
    return found


def _job(place: Place, work: Work) -> str:
    jobs = place.run("jobs", "list", "--json")["jobs"]
    return str(max(job["id"] for job in jobs if job["kind"] == work.job))


def _store(place: Place) -> "Store":
    from bort.storage import open_store

    return open_store(f"sqlite:///{place.home / 'bort.db'}")


def _rounds(place: Place) -> bytes:
    files = sorted((place.home / "runs").glob("*/rounds"))
    return files[-1].read_bytes() if files else b""


def _check_once(place: Place, pattern: str) -> None:
    """Check that no line of any job's log says the same training twice."""
    for log in (place.home / "runs").glob("*/log.txt"):
        made = Counter(re.findall(pattern, log.read_text(encoding="utf-8")))
        if twice := [name for name, count in made.items() if count > 1]:
            raise KillFailedError(f"made twice: {', '.join(twice)}")


def _check_nothing_left(place: Place) -> None:
    left = [
        str(path.relative_to(place.folder))
        for path in (*place.home.rglob("*"), *place.folder.glob(".*"))
        if ".part" in path.name or path.name.startswith((".import", ".source-"))
    ]
    left += [f"tmp/{path.name}" for path in (place.folder / "tmp").iterdir()]
    left += [str(path) for path in _locks(place) if not _is_free(path)]
    if left:
        raise KillFailedError(f"left behind: {', '.join(left)}")


def _locks(place: Place) -> Iterator[Path]:
    yield from (place.folder / "locks").glob("*")
    yield from place.home.rglob("*.lock")


def _is_free(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


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


def moments(rng: random.Random, whole_s: float) -> list[float]:
    """Draw when to kill: later moments more often, since the first second only imports."""
    found = [whole_s * rng.random() ** 0.5]
    if rng.random() < AGAIN:
        found.append(whole_s * rng.random() ** 0.5)
    return found


def main() -> int:
    """Run the kills, and print one line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", metavar="KIND", choices=[work.name for work in WORKS])
    given = parser.parse_args()
    rng, failed = random.Random(given.seed), 0
    works = [work for work in WORKS if given.only in (None, work.name)]
    with tempfile.TemporaryDirectory(prefix="bort-kills-") as folder:
        world = make_world(Path(folder))
        whole = {}
        for number in range(given.kills):
            work = works[number % len(works)]
            if work.name not in whole:
                whole[work.name] = run_whole(world, work)
            result, seconds = whole[work.name]
            when = moments(rng, seconds)
            said = ", ".join(f"{moment:.2f} s" for moment in when)
            line = f"{number + 1:3} {work.name:9} of {seconds:.1f} s, killed after {said}: "
            try:
                line += kill_and_compare(world, work, result, when)
            except (KillFailedError, subprocess.TimeoutExpired) as error:
                failed += 1
                line += f"FAILED: {error}"
            print(line, flush=True)
    print(f"{given.kills} kills, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
