"""A study as a table and as an Optuna study, and back."""

import json
import shlex
import sqlite3
from contextlib import closing

import pandas as pd
import pytest
from click.testing import CliRunner
from made_up_study import fill

from bort.cli.front import front
from bort.cli.import_ import import_
from bort.cli.search import search
from bort.core.errors import InvalidOptionError, StoreError, StudyConflictError
from bort.storage import open_store
from bort.studies.answers import read_answer
from bort.studies.interchange import evaluation_rows, optuna_trials, to_optuna


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    home = tmp_path_factory.mktemp("interchange")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BORT_HOME", str(home))
        patch.delenv("BORT_STORE", raising=False)
        with open_store() as store:
            fill(store, "reviews", budget=12)
            yield read_answer(store, "reviews")


def test_every_evaluated_architecture_is_a_row(answer):
    rows = evaluation_rows(answer)
    assert [row["id"] for row in rows] == [point.id for point in answer.points]
    assert rows[0].keys() >= {"depth", "hidden", "parameter_count", "error_rate", "is_on_front"}


def test_the_table_reads_back_without_naming_its_objectives(answer, tmp_path):
    out = tmp_path / "front.csv"
    done = CliRunner().invoke(front, ["--study", "reviews", "--export", str(out)])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(front, ["--from-table", str(out), "--json"])
    assert done.exit_code == 0, done.output
    read = json.loads(done.stdout)
    assert sorted(point["label"] for point in read["front"]) == sorted(p.id for p in answer.front)


@pytest.mark.parametrize("name", ["front.csv", "front.parquet"])
def test_the_table_is_written_by_the_command(answer, tmp_path, name):
    done = CliRunner().invoke(front, ["--study", "reviews", "--export", str(tmp_path / name)])
    assert done.exit_code == 0, done.output
    read = pd.read_csv if name.endswith("csv") else pd.read_parquet
    table = read(tmp_path / name)
    assert list(table["id"]) == [point.id for point in answer.points]
    assert table["error_rate"].tolist() == pytest.approx([p.error_rate for p in answer.points])


def test_another_ending_is_refused(answer, tmp_path):
    done = CliRunner().invoke(front, ["--study", "reviews", "--export", str(tmp_path / "x.xls")])
    assert isinstance(done.exception, InvalidOptionError)


@pytest.fixture
def optuna_url(tmp_path):
    pytest.importorskip("optuna")
    return f"sqlite:///{tmp_path}/optuna.db"


@pytest.mark.filterwarnings("ignore")  # Optuna warns about its storage and experimental parts
def test_an_optuna_study_holds_the_same_points(answer, optuna_url, tmp_path):
    import optuna

    assert to_optuna(answer, optuna_url) == "reviews"
    study = optuna.load_study(study_name="reviews", storage=optuna_url)
    found = {tuple(trial.params.values()): trial.values for trial in study.trials if trial.values}
    wanted = {
        tuple(p.architecture.values()): [p.parameter_count, p.latency_ms, p.error_rate]
        for p in answer.points
    }
    assert found == wanted
    front_of_trials = {tuple(trial.params.values()) for trial in study.best_trials}
    assert front_of_trials == {tuple(point.architecture.values()) for point in answer.front}
    failed = [t for t in study.trials if t.state == optuna.trial.TrialState.FAIL]
    assert len(failed) == len(answer.excluded)
    with pytest.raises(StudyConflictError, match="already"):
        to_optuna(answer, optuna_url)

    out = tmp_path / "trials.csv"
    done = CliRunner().invoke(
        import_, [optuna_url, "--optuna", "reviews", "--out", str(out), "--json"]
    )
    assert json.loads(done.output)["trials"] == len(answer.points)
    columns = ["--size", "parameter_count", "--latency", "latency_ms", "--error", "error_rate"]
    done = CliRunner().invoke(front, ["--from-table", str(out), *columns, "--json"])
    again = json.loads(done.stdout)
    assert [p["parameter_count"] for p in again["front"]] == [
        p.parameter_count for p in answer.front
    ]


@pytest.mark.parametrize("name", ["front.csv", "front.parquet", "front.jsonl"])
def test_an_exported_front_is_read_back(answer, tmp_path, name):
    file = tmp_path / name
    CliRunner().invoke(front, ["--study", "reviews", "--export", str(file)])
    columns = ["--size", "parameter_count", "--latency", "latency_ms", "--error", "error_rate"]
    done = CliRunner().invoke(front, ["--from-table", str(file), *columns, "--json"])
    assert done.exit_code == 0, done.output
    again = json.loads(done.stdout)
    assert [point["label"] for point in again["front"]] == [p.id for p in answer.front]
    assert again["front"][0]["architecture"] == dict(answer.front[0].architecture)
    assert [note["code"] for note in again["notes"]] == ["result"]
    assert "macro_f1" in again["notes"][0]["columns"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("is_journal", [False, True])
def test_trials_become_a_table_and_the_command_that_searches_it(optuna_url, tmp_path, is_journal):
    import optuna

    source, storage = f"{optuna_url}?timeout=10", optuna_url
    if is_journal:
        source = str(tmp_path / "journal.log")
        backend = optuna.storages.journal.JournalFileBackend(source)
        storage = optuna.storages.JournalStorage(backend)
    study = optuna.create_study(
        study_name="mine", storage=storage, directions=["maximize", "minimize", "minimize"]
    )
    study.set_metric_names(["accuracy", "params", "ms"])
    kinds = optuna.distributions.CategoricalDistribution
    for row in range(12):
        chosen = {
            "params": row % 3 + 1,
            "norm": (None, "layer")[row // 3 % 2],
            "width": 8 + row // 6,
        }
        if row % 2:
            chosen["approx"] = "tanh"
        options = {"params": kinds([1, 2, 3]), "norm": kinds([None, "layer"])}
        options |= {"width": kinds([8, 9]), "approx": kinds(["tanh", "exact"])}
        study.add_trial(
            optuna.trial.create_trial(
                params=chosen,
                distributions={name: options[name] for name in chosen},
                values=[0.5 + row / 100, 100.0 + row, 1.0 + row],
            )
        )
    before = sorted(tmp_path.iterdir())
    out = tmp_path / "trials.csv"
    done = CliRunner().invoke(import_, [source, "--optuna", "mine", "--out", str(out)])
    assert done.exit_code == 0, done.output
    command = done.output.splitlines()[-1]
    assert command == (
        f"bort search --from-table {out} --size params --latency ms --error accuracy "
        "--maximise accuracy"
    )
    assert sorted(tmp_path.iterdir()) == sorted([*before, out])
    done = CliRunner().invoke(search, [*shlex.split(command)[2:], "--json"])
    assert done.exit_code == 0, done.exception
    point = json.loads(done.stdout)["front"][0]["architecture"]
    assert point.keys() == {"params_parameter", "norm", "width", "approx"}
    assert set(pd.read_csv(out, keep_default_na=False)["norm"]) == {"None", "layer"}


def test_a_file_that_is_no_optuna_storage_is_left_alone(tmp_path):
    pytest.importorskip("optuna")
    with open_store(f"sqlite:///{tmp_path}/own.db"):
        pass
    with closing(sqlite3.connect(tmp_path / "own.db")) as opened:
        before = opened.execute("select name from sqlite_master").fetchall()
    with pytest.raises(StoreError, match="is no Optuna storage"):
        optuna_trials(f"sqlite:///{tmp_path}/own.db", "mine")
    with closing(sqlite3.connect(tmp_path / "own.db")) as opened:
        assert opened.execute("select name from sqlite_master").fetchall() == before


def test_reading_a_file_with_a_write_ahead_log_leaves_nothing_beside_it(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/own.db"):
        pass
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(StoreError, match="is no Optuna storage"):
        optuna_trials(f"sqlite:///{tmp_path}/own.db", "mine")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:p@ss:w0rd@127.0.0.1:1/x",
        "postgresql://ann:p@ss:w0rd@127.0.0.1:port/x",
        "mysql://ann:w0rd@127.0.0.1:1/x",
    ],
)
def test_no_part_of_a_password_is_shown(answer, url):
    for use in (lambda: optuna_trials(url, "mine"), lambda: to_optuna(answer, url)):
        with pytest.raises(StoreError) as caught:
            use()
        assert "w0rd" not in str(caught.value)
        assert "ss:" not in str(caught.value)


def test_a_study_is_never_written_into_a_database_of_another_kind(answer, tmp_path):
    pytest.importorskip("optuna")
    with open_store(f"sqlite:///{tmp_path}/own.db"):
        pass
    with closing(sqlite3.connect(tmp_path / "other.db")) as opened:
        opened.execute("create table songs (title text)")
    for file, said in (("own", "is a store of bort"), ("other", "the table 'songs'")):
        before = (tmp_path / f"{file}.db").read_bytes()
        for url in (f"{file}.db", f"file:{tmp_path}/{file}.db?uri=true", f"{file}.db?timeout=9"):
            place = url if url.startswith("file:") else f"{tmp_path}/{url}"
            with pytest.raises(StoreError, match=said):
                to_optuna(answer, f"sqlite:///{place}")
        assert (tmp_path / f"{file}.db").read_bytes() == before


def test_a_store_is_never_opened_in_the_database_of_optuna(optuna_url):
    optuna = pytest.importorskip("optuna")
    optuna.create_study(storage=optuna_url, study_name="somebody")
    with pytest.raises(StoreError, match="is another program's database"):
        open_store(optuna_url)


@pytest.mark.filterwarnings("ignore")
def test_what_optuna_does_not_have_is_told_in_one_line(optuna_url, tmp_path):
    with pytest.raises(StoreError, match="there is no file"):
        optuna_trials(optuna_url, "nobody")
    assert list(tmp_path.glob("*.db")) == []
    import optuna

    optuna.create_study(storage=optuna_url, study_name="somebody")
    with pytest.raises(StoreError, match="no Optuna study 'nobody'"):
        optuna_trials(optuna_url, "nobody")
    done = CliRunner().invoke(import_, [optuna_url, "--optuna", "nobody"])
    assert isinstance(done.exception, InvalidOptionError)
