"""`bort search` as people run it: tiny models are really trained, in real processes if needed."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import tiny
from fake_machine import Others
from made_up_study import made_up_profile

from bort.cli import main
from bort.core.study import TaskSpec
from bort.families import load_space
from bort.jobs.kinds import trainings
from bort.latency.protocol import Protocol
from bort.latency.timing import Instruments
from bort.storage import open_store
from bort.tasks import load_task
from bort.training.tokens import load_tokenizer

BORT = [sys.executable, "-c", "from bort.cli import main; main()"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with source network, task, space and latency profile; its teacher gets cached."""
    folder = tmp_path_factory.mktemp("tiny")
    tiny.write_source(folder / "source")
    tiny.write_task(folder / "reviews.csv")
    profile = made_up_profile(load_space(str(tiny.write_space(folder / "tiny.toml"))))
    with open_store(store_url(folder)) as store:
        store.put_profile(profile.to_dict(), profile.name)
    done = bort(folder, *search(folder), "--study", "first", "--budget", "6")
    assert done.returncode == 0, done.stderr
    return folder


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "BORT_HOME": str(folder / "home"), "COLUMNS": "200"}


def in_a_process(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the command as a shell would."""
    return subprocess.run(
        [*BORT, *arguments],
        env=environment(folder),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )


def bort(folder: Path, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess:
    """Run the command in this process, which has already loaded torch."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("BORT_HOME", str(home or folder / "home"))
        patch.delenv("BORT_STORE", raising=False)
        patch.setenv("COLUMNS", "200")
        patch.setattr("sys.argv", ["bort", *arguments])
        patch.setattr("bort.core.locks.lock_path", lambda: folder / "measuring.lock")
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    code = int(ended.value.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def search(folder: Path) -> list[str]:
    return [
        "search", "--task", "reviews.csv", "--space", "tiny.toml", "--source", "source",
        "--latency-profile", "made-up", "--steps", "40", "--learning-rates", "0.003",
        "--threads", "1", "--json",
    ]  # fmt: skip


def answer(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def log(folder: Path, study: str) -> list[str]:
    jobs = answer(bort(folder, "jobs", "list", "--json"))["jobs"]
    text = "".join(
        Path(job["folder"], "log.txt").read_text() for job in jobs if job["study"] == study
    )
    return [
        line.split("trained ")[1].split(":")[0] for line in text.splitlines() if "trained " in line
    ]


def test_size_may_be_the_bytes_of_the_exported_files(place):
    asked = [*search(place), "--study", "megabytes", "--size", "bytes-int8", "--budget", "4"]
    found = answer(bort(place, *asked))
    assert found["size_unit"] == "bytes-int8"
    tokenizer = load_tokenizer(place / "source").to_str().encode()
    for point in found["front"]:
        assert point["size"] > point["parameter_count"] + len(tokenizer)
    stated = json.loads(Path(found["certificate"]).read_text("utf-8"))["space"]["size_unit"]
    (counted,) = stated["tokenizer_bytes"].values()
    assert counted == len(tokenizer)
    assert bort(place, "verify", found["certificate"]).returncode == 0
    assert "MB int8" in bort(place, "front", "--study", "megabytes").stdout
    assert answer(bort(place, *asked[:-1], "5"))["evaluations"] == 5
    other = bort(place, *asked, "--size", "parameters")
    assert other.returncode == 2
    assert "size.unit was 'bytes-int8', now 'parameters'" in other.stderr


@pytest.mark.parametrize(
    ("space", "size", "message"),
    [
        ("tiny.toml", "megabytes", "size must be one of parameters, effective-parameters, bytes-"),
        ("tiny.toml", "", "what follows --size is empty; give a value, or leave it out"),
        ("other.toml", "bytes-int8", "files of the family 'distilbert' have no closed form"),
    ],
)
def test_a_size_that_cannot_be_counted_is_refused_in_one_line(place, space, size, message):
    text = (place / "tiny.toml").read_text("utf-8").replace('"bert"', '"distilbert"')
    (place / "other.toml").write_text(text, "utf-8")
    done = bort(place, "search", "--task", "reviews.csv", "--space", space, "--size", size)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert message in done.stderr


def test_standard_output_is_one_object_and_front_repeats_it(place):
    found = answer(in_a_process(place, "front", "--study", "first", "--json"))
    assert found["evaluations"] == 6
    assert found["space_size"] == 16
    assert {point["id"] for point in found["front"]} <= {
        trained.split()[0] for trained in log(place, "first")
    }
    other = answer(
        bort(place, "front", "--study", "first", "--epsilon", "2", "--weights", "0,0,1", "--json")
    )
    assert other.keys() == found.keys()
    assert other["best"]["error_rate"] == min(p["error_rate"] for p in found["front"])


def test_a_file_of_soft_labels_is_a_teacher(place):
    task = load_task(TaskSpec(task=str(place / "reviews.csv")))
    tiny.write_answers(place / "answers.parquet", task, splits=("train",), share=0.5)
    arguments = ["--teacher", "answers.parquet", "--study", "answered", "--budget", "1"]
    done = bort(place, *search(place), *arguments)
    assert "Note: The file of soft labels answers 210 of 420 training, 0 of 90 dev" in done.stderr
    teacher = answer(done)["teacher"]
    assert teacher["name"] == str(place / "answers.parquet")  # a job may run in another folder
    assert teacher["methods"] == ["file"]
    assert teacher["dev_error"] is None
    assert teacher["coverage"]["judged_on"] == "train"
    assert teacher["coverage"]["covered"] == {"train": 210, "dev": 0, "audit": 0}
    shown = " ".join(bort(place, "front", "--study", "answered").stdout.split())
    assert "is judged by the training texts" in shown


def test_the_certificate_can_be_checked_again(place):
    found = answer(bort(place, "front", "--study", "first", "--json"))
    done = bort(place, "verify", found["certificate"], "--store", store_url(place), "--json")
    assert answer(done)
    forged = place / "forged.json"
    forged.write_text(
        Path(found["certificate"]).read_text().replace('"epsilon": 0.25', '"epsilon": 0.2')
    )
    done = bort(place, "verify", str(forged))
    assert done.returncode == 1
    assert "question.epsilon: changed" in done.stdout


def test_killed_and_resumed_it_ends_as_if_never_stopped(place):
    runs = place / "home" / "runs"
    earlier = set(runs.glob("*/log.txt"))
    process = subprocess.Popen(
        [*BORT, *search(place), "--study", "killed", "--budget", "6"],
        env=environment(place),
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    give_up = time.monotonic() + 120
    # Read the file directly: on a busy machine a command would take longer than the search.
    while not any("trained " in f.read_text() for f in {*runs.glob("*/log.txt")} - earlier):
        assert time.monotonic() < give_up
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    jobs = answer(bort(place, "jobs", "list", "--json"))["jobs"]
    job = next(job for job in jobs if job["study"] == "killed")
    assert job["state"] == "lost"
    resumed = answer(bort(place, "jobs", "resume", str(job["id"]), "--json"))
    first = answer(bort(place, "front", "--study", "first", "--json"))
    assert resumed["front"] == first["front"]
    assert resumed["certified_epsilon"] == first["certified_epsilon"]
    assert resumed["evaluations"] == 6
    trained = log(place, "killed")
    assert len(trained) == len(set(trained))  # none twice
    assert len(trained) >= 5  # the kill may come after storing one, before its line


def test_two_searches_at_once_lose_nothing_and_repeat_every_digit(place):
    running = [
        subprocess.Popen(
            [*BORT, *search(place), "--budget", "6"],
            env=environment(place),
            cwd=place,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    answers = [json.loads(process.communicate(timeout=300)[0]) for process in running]
    assert {found["study"] for found in answers} == {"reviews-tiny", "reviews-tiny-2"}
    first = answer(bort(place, "front", "--study", "first", "--json"))
    for found in answers:
        assert found["evaluations"] == 6
        assert found["front"] == first["front"]


def test_several_at_once_are_the_same_in_processes_of_their_own(place, monkeypatch):
    found = []
    for rooms in (1, 2):
        monkeypatch.setattr(trainings, "training_places", lambda _, rooms=rooms: rooms)
        asked = ("--study", f"in-{rooms}", "--budget", "6", "--parallel", "2")
        done = answer(bort(place, *search(place), *asked))
        found.append((done["front"], done["certified_epsilon"], log(place, f"in-{rooms}")))
        assert len(list(place.glob("home/runs/*/workers.log"))) == rooms - 1
    assert found[0] == found[1]


def test_detached_it_runs_by_itself(place):
    started = answer(bort(place, *search(place), "--detach", "--study", "away", "--budget", "4"))
    give_up = time.monotonic() + 120
    while (state := answer(bort(place, "jobs", "show", str(started["job"]), "--json")))[
        "state"
    ] in ("queued", "running"):
        assert time.monotonic() < give_up
        time.sleep(0.2)
    assert state["state"] == "done"
    assert answer(bort(place, "front", "--study", "away", "--json"))["evaluations"] == 4


MISTAKES = {
    "unknown space": (["--space", "nowhere"], "no space 'nowhere'"),
    "unknown task": (["--task", "nothing"], "nothing"),
    "epsilon 0": (["--epsilon", "0"], "number from 1e-06 to 1000000, got 0"),
    "epsilon nan": (["--epsilon", "nan"], "number from 1e-06 to 1000000, got nan"),
    "epsilon text": (["--epsilon", "small"], "number from 1e-06 to 1000000, got 'small'"),
    "negative weight": (["--weights", "1,-1,1"], "weights must be three numbers from 0 to 50"),
    "weights all 0": (["--weights", "0,0,0"], "not all 0, got (0.0, 0.0, 0.0)"),
    "two weights": (["--weights", "1,1"], "weights must be three numbers"),
    "no budget": (["--budget", "0"], "budget must be a whole number of 1 or more"),
    "unknown runtime": (["--runtime", "abacus"], "abacus"),
    "unknown goal": (["--goal", "win"], "goal must be one of cover, best, paper"),
    "missing file": (["--task", "missing.csv"], "missing.csv"),
    "no such column": (["--label", "stars"], "stars"),
    "long texts": (["--latency-length", "33"], "33"),
    "no source": (["--source", "nowhere/at/all"], "nowhere/at/all"),
    "bad name": (["--study", "../x"], "a study cannot be called"),
    "unknown option": (["--bogus"], "bogus"),
    "λ of another dimension": (["--lipschitz", "foo=1"], "λ needs one number for each of depth"),
    "seed": (["--seed", "99999999999999999999"], "seed must be a whole number from 0"),
    "soft labels that are not there": (["--teacher", "none.parquet"], "there is no file"),
    "soft labels of no class": (["--teacher", "reviews.csv"], "no column for the class 'bad'"),
    "max length": (["--max-length", "99999"], "max length must be from 4 to 32"),
    "device": (["--device", "mps"], "mps"),
    "no such profile": (["--latency-profile", "nope"], "there is no latency profile 'nope'"),
    "λ": (["--lipschitz", "-1"], "λ must be one number from 0 to"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_one_line_and_leave_nothing_behind(place, mistake):
    arguments, told = MISTAKES[mistake]
    before = answer(bort(place, "jobs", "list", "--json")), studies(place)
    done = bort(place, *search(place), "--study", "mistake", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if line.startswith("bort: ")]
    assert done.stderr.count("\n") == len(lines) == 1, done.stderr
    assert told in lines[0]
    assert (answer(bort(place, "jobs", "list", "--json")), studies(place)) == before


def store_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'home' / 'bort.db'}"


def studies(folder: Path) -> list[str]:
    with open_store(store_url(folder)) as store:
        return [study.name for study in store.studies()]


def test_an_unknown_study_is_one_line(place):
    done = bort(place, "front", "--study", "nobody", "--json")
    assert done.returncode == 2
    assert done.stderr.startswith("bort: there is no study 'nobody'; stored studies: ")
    assert done.stderr.count("\n") == 1


def test_other_settings_under_the_same_name_are_refused(place):
    done = bort(place, *search(place), "--study", "first", "--budget", "6", "--seed", "9")
    assert done.returncode == 2
    assert "exists with other options" in done.stderr


def test_a_bad_store_is_told_before_any_data_is_fetched(place, tmp_path):
    home = tmp_path / "home"
    arguments = ("search", "--task", "movie-reviews", "--store", f"sqlite:///{tmp_path}")
    done = bort(place, *arguments, home=home)
    assert done.returncode == 2
    assert "is a folder; name a file in it" in done.stderr
    assert not home.exists()


def test_reading_a_store_that_is_not_there_creates_nothing(place, tmp_path):
    for command in (["front"], ["jobs", "list"], ["latency", "show"]):
        done = bort(place, *command, "--store", f"sqlite:///{tmp_path}/none/bort.db")
        assert done.returncode == 2
        assert "there is no store at" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_included_is_trained_first_and_counts(place):
    named = "1-2-8-32"
    options = ("--study", "included", "--budget", "3", "--include", named)
    found = answer(bort(place, *search(place), *options))
    assert found["evaluations"] == 3
    assert log(place, "included")[0] == f"{named} seed 0"
    for wrong, said in (
        (["--include", "9-9-9-9"], "has no architecture '9-9-9-9'; an id is depth-heads-"),
        (["--include", f"{named},1-1-8-16", "--budget", "1"], "raise the budget"),
    ):
        done = bort(place, *search(place), *wrong)
        assert done.returncode == 2
        assert said in done.stderr


def test_progress_is_told_in_lines_where_there_is_no_terminal(place):
    done = bort(place, *search(place), "--study", "told", "--budget", "2")
    lines = done.stderr.splitlines()
    assert any(line.startswith("Searching told") and "error 0." in line for line in lines)
    assert "\r" not in done.stderr


STATIC = """\
family = "static"

[dimensions]
vocabulary = {vocabularies}
hidden = [4, 8]
"""


@pytest.mark.parametrize("family", ["static", "convolution"])
def test_small_networks_are_searched_and_timed_on_this_machine(place, monkeypatch, family):
    def quick(**options):
        short = Protocol(budget_seconds=0.2, min_rounds=2, timed_runs=3, limit_seconds=1.0)
        calm = {"protocol": short, "settle": lambda should_stop: None, "paces": None}
        calm |= {"watch_others": lambda: Others(0.0), "sleep": lambda seconds: None}
        return Instruments(**{**options, **calm})

    monkeypatch.setattr("bort.latency.stored.Instruments", quick)
    monkeypatch.setattr("bort.studies.measuring.Instruments", quick)
    text = STATIC.format(vocabularies=[20, 30, 35]).replace("static", family)
    if family == "convolution":
        text += "channels = [4]\nwidth = [1, 3]\ndepth = [1]\n"
    (place / f"{family}.toml").write_text(text, encoding="utf-8")
    arguments = [
        "search", "--task", "reviews.csv", "--space", f"{family}.toml", "--source", "source",
        "--latency-length", "12", "--steps", "60", "--threads", "1", "--budget", "4", "--json",
    ]  # fmt: skip
    found = answer(bort(place, *arguments))
    assert found["evaluations"] == 4
    assert found["best"]["error_rate"] < 0.1  # chance is 0.5
    assert all(0 < point["latency_ms"] < 100 for point in found["front"])
    assert all(point["id"].count("-") == text.count(" = [") - 1 for point in found["front"])


@pytest.mark.parametrize(
    ("vocabularies", "said"),
    [
        ([20, 50], "a vocabulary of 50, but source has only 35 tokens; list 35 or less"),
        ([3, 20], "a vocabulary of 3 is impossible for this task"),
    ],
)
def test_an_impossible_vocabulary_is_one_clear_line(place, vocabularies, said):
    (place / "wrong.toml").write_text(STATIC.format(vocabularies=vocabularies), encoding="utf-8")
    done = bort(place, *search(place), "--space", "wrong.toml", "--study", "wrong")
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
