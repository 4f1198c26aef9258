"""No command overwrites what it did not make: files, links, folders, devices."""

import os
import stat
from pathlib import Path

import pytest
from cases import TABLE, Case
from probing import run_here
from world import World

OUTPUTS = (
    ("front", "--study", "quick", "--record", "@OUT"),
    ("front", "--study", "quick", "--export", "@OUT"),
    ("search", "--from-table", "@bench.csv", *TABLE, "--certificate", "@OUT"),
    ("latency", "show", "made-up", "--export", "@OUT"),
    ("agora", "export", "1", "@OUT"),
    ("predict", "@hf", "@texts.txt", "--out", "@OUT"),
    ("import", "@journal.log", "--optuna", "tuning", "--out", "@OUT"),
    ("latency", "measure", "--space", "@tiny.toml", "--out", "@OUT"),
)
PRECIOUS = "precious\n"


def _device(place: Path) -> Path:
    """Make a device of our own; only root can, but nobody else could replace the machine's."""
    if os.geteuid() != 0:
        return Path("/dev/null")
    os.mknod(place, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    return place


def at(argv: tuple[str, ...], place: Path) -> Case:
    return Case("output", tuple(word.replace("@OUT", str(place)) for word in argv))


@pytest.mark.parametrize("argv", OUTPUTS, ids=lambda argv: f"{argv[0]} {argv[-2]}")
@pytest.mark.parametrize("kind", ["file", "link", "dangling", "folder", "fifo", "device"])
def test_what_is_there_stays(
    argv: tuple[str, ...], kind: str, world: World, tmp_path: Path
) -> None:
    target, place = tmp_path / "target.csv", tmp_path / "out.csv"
    target.write_text(PRECIOUS)
    match kind:
        case "file":
            place.write_text(PRECIOUS)
        case "link":
            place.symlink_to(target)
        case "dangling":
            place.symlink_to(tmp_path / "nowhere.csv")
        case "folder":
            place.mkdir()
        case "fifo":
            os.mkfifo(place)
        case "device":
            place = _device(place)
    there = place.lstat()
    before = there.st_ino, there.st_mode, there.st_size
    words = (*argv, "--force") if kind != "file" else argv
    ended = run_here(at(words, place), world, tmp_path / "run")
    assert ended.code == 2, ended.err
    assert ended.err.startswith("bort: ")
    assert ended.err.count("\n") == 1
    after = place.lstat()
    assert (after.st_ino, after.st_mode, after.st_size) == before
    assert target.read_text() == PRECIOUS
    assert {p.name for p in tmp_path.iterdir()} <= {"target.csv", "out.csv"}


@pytest.mark.parametrize("argv", OUTPUTS[:-1], ids=lambda argv: f"{argv[0]} {argv[-2]}")
def test_force_replaces_a_plain_file(argv: tuple[str, ...], world: World, tmp_path: Path) -> None:
    place = tmp_path / "out.csv"
    place.write_text(PRECIOUS)
    ended = run_here(at((*argv, "--force"), place), world, tmp_path / "run")
    assert ended.code == 0, ended.err
    assert place.read_text() != PRECIOUS


def test_one_file_is_not_written_twice(world: World, tmp_path: Path) -> None:
    place = tmp_path / "out.csv"
    argv = ("front", "--study", "quick", "--record", "@OUT", "--export", "@OUT")
    ended = run_here(at(argv, place), world, tmp_path / "run")
    assert ended.code == 2
    assert not place.exists()
