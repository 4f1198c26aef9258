"""Kill `bort` at random moments, resume it, and compare with what an uninterrupted run gives.

    python tests/kills/killing.py --kills 100 --seed 0

Every kind of work is done once without a kill. Then each kill starts from a copy of the same home,
sends SIGKILL to the whole process group, sometimes twice, and finishes the work as a user would:
with `bort jobs resume`, or by the same command again where there is no job. It fails if a result
differs, a training was made twice, a round of a measurement was lost, or a file, folder or lock is
left over. The moments depend on the seed and on how fast the machine is. Only a kill that came
before the end counts: if the work was quicker, its next kills come sooner.
"""

import argparse
import fcntl
import itertools
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kill_place import HERE, KillFailedError, Place, World
from kill_works import FINETUNE, SEARCH, WORKS, Work

sys.path.insert(0, str(HERE.parent / "shared"))

AGAIN = 0.25  # how often what continues is killed, too


def make_world(folder: Path, *, has_model: bool = True) -> World:
    """Make everything that the works begin with; takes half a minute with a model."""
    import tiny
    from made_up_study import made_up_profile

    from bort.families import load_space

    tiny.write_all(folder)
    world = World(folder)
    place = Place(folder, folder)
    with place.store() as store:
        profile = made_up_profile(load_space(str(folder / "tiny.toml")))
        store.put_profile(profile.to_dict(), profile.name)
    if has_model:
        place.run(*(word.replace("killed", "first") for word in SEARCH))
        place.run(*FINETUNE)
        place.run("export", "--format", "bundle", "--out", "bundle.zip", "--json")
    return world


class Trial(NamedTuple):
    """How a work that was to be killed went.

    Attributes:
        how: how it was continued.
        kills: kills that came before its end.
        seconds: how long it took if it ended before the first kill, else infinity.
    """

    how: str
    kills: int
    seconds: float


def kill_and_compare(world: World, work: Work, whole: Any, after_s: Sequence[float]) -> Trial:
    """Kill a work, finish it, and compare.

    Args:
        whole: the result without a kill.
        after_s: when to kill it, and what continues it.
    Raises:
        KillFailedError: something is not as without a kill.
    """
    with tempfile.TemporaryDirectory(dir=world.folder, prefix="kill-") as folder:
        place = _ready(world, work, Path(folder))
        kills, rounds = 0, list[bytes]()
        began, ended = time.monotonic(), math.inf
        for seconds in after_s:
            _, command = _next_command(place, work)
            rounds.append(_rounds(place))
            if command is None:
                break
            if not place.killed(command, seconds):
                ended = math.inf if kills else time.monotonic() - began
                break
            kills += 1
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
        return Trial(how, kills, ended)


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
        with place.store() as store:
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


def _rounds(place: Place) -> bytes:
    files = sorted((place.home / "runs").glob("*/rounds"))
    return files[-1].read_bytes() if files else b""


def _check_nothing_left(place: Place) -> None:
    left = [
        str(path.relative_to(place.folder))
        for path in (*place.home.rglob("*"), *place.folder.glob(".*"))
        if ".part" in path.name or path.name.startswith((".import", ".source-"))
    ]
    with place.store() as store:
        names = {model.folder_name for model in store.models()}
    models = (place.home / "models").glob("*")
    left += [f"models/{path.name}, which no model has" for path in models if path.name not in names]
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
        whole, kills = dict[str, tuple[Any, float]](), 0
        for work in itertools.cycle(works):
            if kills >= given.kills:
                break
            if work.name not in whole:
                whole[work.name] = run_whole(world, work)
            result, seconds = whole[work.name]
            when = moments(rng, seconds)
            said = ", ".join(f"{moment:.2f} s" for moment in when)
            line = f"{work.name:9} of {seconds:.1f} s, to be killed after {said}: "
            try:
                trial = kill_and_compare(world, work, result, when)
                kills += trial.kills
                whole[work.name] = result, min(seconds, trial.seconds)
                line += f"{trial.how}, {trial.kills} kills"
            except (KillFailedError, subprocess.TimeoutExpired) as error:
                failed += 1
                kills += 1
                line += f"FAILED: {error}"
            print(f"{kills:3} {line}", flush=True)
    print(f"{kills} kills, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
