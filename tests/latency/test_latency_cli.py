"""`bort latency`: its output, and one clear line for everything that cannot work."""

import contextlib
import json

import pytest
from fake_machine import FakeMachine

from bort.cli import main
from bort.core.locks import measuring
from bort.latency import landmarks, space, timing
from bort.latency.landmarks import Figure
from bort.studies import measuring as winners

SPACE = """
family = "bert"
[dimensions]
depth = [1, 2, 3]
heads = [2, 4]
hidden = [64, 128]
intermediate = [64, 256]
[fixed]
positions = 64
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("BORT_STORE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "space.toml").write_text(SPACE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def machine(monkeypatch):
    machine = FakeMachine()
    for module in (timing, space, winners):
        monkeypatch.setattr(module, "Instruments", lambda **_: machine.instruments)
    return machine


@pytest.fixture
def bort(monkeypatch, capsys):
    """Run a command as a shell would; return exit code, standard output, standard error."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["bort", "latency", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return caught.value.code or 0, out, err

    return run


MEASURE = ("measure", "--space", "space.toml", "--sequence-length", 16, "--threads", 1)


def test_measure_answers_one_json_object(bort, machine):
    code, out, _ = bort(*MEASURE, "--count", 16, "--json", "--out", "here.json")
    assert code == 0
    answer = json.loads(out)
    assert answer["runtime"] == "torch-float32"
    assert (answer["batch_size"], answer["sequence_length"], answer["threads"]) == (1, 16, 1)
    assert len(answer["architectures"]) == 16
    assert answer["architectures"][0].keys() >= {
        "architecture",
        "median_ms",
        "low_ms",
        "high_ms",
        "p95_ms",
    }
    assert answer["model"].keys() >= {
        "fitted_on",
        "held_out",
        "median_abs_percent_error",
        "p90_abs_percent_error",
        "rank_correlation",
    }
    assert (answer["model"]["fitted_on"], answer["model"]["held_out"]) == (8, 8)
    assert answer["noise"].keys() >= {"ok", "before", "after"}
    with open("here.json") as file:
        assert json.load(file) == answer


def test_what_was_measured_can_be_listed_shown_and_compared(bort, machine):
    bort(*MEASURE, "--count", 16, "--name", "a", "--json")
    bort(*MEASURE, "--count", 16, "--name", "b", "--batch-size", 4, "--out", "b.json")
    _, out, _ = bort("show", "--json")
    assert {row["profile"] for row in json.loads(out)["profiles"]} == {"a", "b"}
    _, out, _ = bort("show", "a", "--json")
    assert json.loads(out)["this_machine"] is True
    _, out, _ = bort("show", "a", "b.json", "--json")
    answer = json.loads(out)
    assert answer["differences"] == [{"fact": "batch_size", "a": 1, "b": 4}]
    assert len(answer["architectures"]) == 16
    assert all(row["ratio"] > 1 for row in answer["architectures"])
    for arguments in (("show",), ("show", "a"), ("show", "a", "b")):
        code, out, err = bort(*arguments)
        assert (code, err) == (0, "")
        assert "a" in out


def test_a_profile_of_another_machine_is_said_to_be(bort, machine, home):
    bort(*MEASURE, "--count", 16, "--out", "here.json", "--json")
    profile = json.loads((home / "here.json").read_text())
    profile["fingerprint"]["cpu"] = "Another CPU"
    (home / "there.json").write_text(json.dumps(profile))
    _, out, _ = bort("show", "there.json")
    assert "Measured on another machine or software: CPU Another CPU against" in out
    _, out, _ = bort("show", "here.json", "there.json", "--json")
    assert json.loads(out)["differences"][0]["b"] == "Another CPU"


def test_nothing_stored(bort):
    code, out, _ = bort("show")
    assert code == 0
    assert "bort latency measure" in out
    assert json.loads(bort("show", "--json")[1]) == {"profiles": []}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sequence-length", 65), "64 positions"),
        (("--minutes", 0), "minutes must be a number from 0.1 to 120"),
        (("--minutes", "nan"), "minutes must be a number from 0.1 to 120"),
        (("--threads", 0), "threads must be a whole number of 1 or more"),
        (("--batch-size", -1), "batch size must be"),
        (("--runtime", "tflite"), "unknown runtime 'tflite'; choose one of torch-float32"),
        (("--count", 7), "too few"),
        (("--count", 25), "has 24"),
        (("--name", "../x"), "a profile cannot be called"),
        (("--out", "no/such/folder.json"), "create it first"),
        (("--out", "."), "never replaced"),
        (("--space", "nowhere"), "no space 'nowhere'"),
        (("--store", "nonsense"), "nonsense"),
        (("--lengths-from", "no-such-task"), "both set the length"),
        (("--study", "x"), "cannot be used with --study"),
    ],
)
def test_bad_options_are_one_line(bort, machine, arguments, message):
    code, out, err = bort(*MEASURE, "--count", 16, *arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("bort: ")
    assert message in err
    assert not machine.ran


def test_a_name_is_taken_once(bort, machine):
    bort(*MEASURE, "--count", 16, "--name", "a", "--json")
    runs = len(machine.ran)
    code, _, err = bort(*MEASURE, "--count", 16, "--name", "a")
    assert code == 2
    assert "there is already" in err
    assert len(machine.ran) == runs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": "bort-latency-pro', "truncated"),
        ("not json", "not JSON"),
        ('{"format": "bort-latency-profile", "version": 99}', "version 99"),
        ("{}", "not a latency profile"),
    ],
)
def test_bad_files_are_one_line(bort, home, text, message):
    (home / "p.json").write_text(text)
    code, out, err = bort("show", "p.json")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert message in err


def test_unknown_names_are_one_line(bort):
    for name in ("nope", "nope.json", "no/nope"):
        code, _, err = bort("show", name)
        assert code == 2
        assert err.count("\n") == 1


def test_a_second_measurement_is_told_of_the_first(bort, machine, home, monkeypatch):
    lock = home / "measuring.lock"
    monkeypatch.setattr("bort.core.locks.lock_path", lambda: lock)
    monkeypatch.setattr(
        FakeMachine, "hold", lambda self, should_stop, wait, step: measuring("me", wait=wait)
    )
    with measuring("somebody"):
        code, _, err = bort(*MEASURE, "--count", 16, "--json")
    assert code == 2
    assert "(somebody), since" in err
    assert err.count("\n") == 1


def test_noise_is_told_on_standard_error(bort, machine):
    from fake_machine import BUSY

    machine.readings = [BUSY]
    code, out, err = bort(*MEASURE, "--count", 16, "--json")
    assert code == 0
    assert json.loads(out)["noise"]["ok"] is False
    assert "too busy, or changed too much" in " ".join(err.split())


def test_ctrl_c_keeps_what_was_measured(bort, machine, monkeypatch):
    import os
    import signal

    @contextlib.contextmanager
    def interrupting(_title):
        def on_step(step):
            if step.stage == "measuring" and step.done == 2:
                os.kill(os.getpid(), signal.SIGINT)

        yield on_step

    monkeypatch.setattr("bort.report.job_terminal.progress", interrupting)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # CI may ignore it
    code, out, err = bort(*MEASURE, "--count", 16, "--json")
    signal.signal(signal.SIGINT, before)
    answer = json.loads(out)
    assert code == 0
    assert (answer["complete"], answer["rounds"]) == (False, 2)
    assert "Stopped early" in err
    with contextlib.suppress(KeyError):
        assert answer["profile"]


def test_help_has_examples(bort):
    for command in ((), ("measure",), ("show",)):
        code, out, _ = bort(*command, "--help")
        assert code == 0
        assert "Examples:" in out


def test_landmarks_stand_beside_what_was_published(bort, machine):
    code, out, _ = bort("landmarks", "--json")
    answer = json.loads(out)
    rows = {row["name"]: row for row in answer["landmarks"]}
    assert code == 0
    assert answer["noise"]["ok"]
    assert rows["BERT-base"]["times_faster_than"]["BERT-base"] == 1
    assert rows["Bort"]["published_times_faster_than"] == {"BERT-base": 7.9, "BERT-large": 20}
    for row in rows.values():
        # our counts with BERT's vocabulary, theirs as published, rounded
        assert row["parameter_count"] == pytest.approx(row["published_parameter_count"], rel=0.03)
        assert row["source"]
    assert list(rows) == [mark.name for mark in landmarks.LANDMARKS]
    sizes = [row["parameter_count"] for row in answer["landmarks"]]
    assert sizes == sorted(sizes, reverse=True)  # the largest is built first
    code, out, _ = bort("landmarks")
    assert "The announced 7.9 times" in " ".join(out.split())
    assert rows["Bort"]["times_faster_interval"]["BERT-base"][0] > 1
    assert {row["figure"] for row in rows["Bort"]["remarks"]} >= {Figure.SHARE, Figure.SPEED}
    assert len(answer["announced"]) == 2
    assert {row["landmark"] for row in answer["announced"]} == {"Bort"}
    again = landmarks.LandmarkTiming.from_dict(answer)
    assert json.loads(json.dumps(again.to_dict())) == answer
    code, _, err = bort("landmarks", "--sequence-length", 600)
    assert code == 2
    assert err.count("\n") == 1


def test_a_profile_travels_as_a_file(bort, machine, home):
    bort(*MEASURE, "--count", 16, "--name", "a", "--json")
    code, _, _ = bort("show", "a", "--export", "a.json")
    assert code == 0
    code, _, err = bort("import", "a.json")
    assert (code, err.count("\n")) == (2, 1)
    assert "choose another name" in err
    code, out, _ = bort("import", "a.json", "--name", "b", "--json")
    assert (code, json.loads(out)["profile"]) == (0, "b")
    _, out, _ = bort("show", "--json")
    assert {row["profile"] for row in json.loads(out)["profiles"]} == {"a", "b"}
    text = (home / "a.json").read_text()
    (home / "cut.json").write_text(text[: len(text) // 2])
    for arguments in (("import", "cut.json"), ("show", "cut.json"), ("show", "--export", "x")):
        code, out, err = bort(*arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"architectures": []}, "8 architectures, but the profile contains 0 of them"),
        ({"model": {"coefficients_ms": {"foo": 1.0}}}, "uses 'foo'"),
    ],
)
def test_a_profile_that_contradicts_itself_is_not_imported(bort, machine, home, change, said):
    bort(*MEASURE, "--count", 16, "--name", "a", "--json")
    bort("show", "a", "--export", "a.json")
    whole = json.loads((home / "a.json").read_text())
    model = {**whole["model"], **change.pop("model", {})}
    (home / "b.json").write_text(json.dumps({**whole, **change, "model": model}))
    code, out, err = bort("import", "b.json", "--name", "b")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_the_winners_of_a_study_are_measured(bort, machine, home):
    from made_up_study import fill

    from bort.storage import open_store

    with open_store() as store:
        fill(store, "reviews", budget=8)
    code, out, _ = bort("measure", "--study", "reviews", "--json")
    answer = json.loads(out)
    assert (code, answer["study"]) == (0, "reviews")
    assert answer["model"]["held_out"] == len(answer["architectures"]) > 0
    code, _, err = bort("measure", "--study", "nope")
    assert (code, err.count("\n")) == (2, 1)


@pytest.mark.parametrize("size", ["-1", "1" + "0" * 20, "1" + "0" * 400])
def test_a_profile_of_impossible_sizes_is_one_line(bort, home, machine, size):
    assert bort(*MEASURE, "--count", 16, "--json", "--out", "good.json")[0] == 0
    text = (home / "good.json").read_text().replace('"hidden": 64', f'"hidden": {size}', 1)
    (home / "bad.json").write_text(text)
    code, _, err = bort("import", "bad.json", "--name", "bad")
    assert code == 2
    assert err.count("\n") == 1
    assert "bad.json" in err
    assert "should not have happened" not in err
