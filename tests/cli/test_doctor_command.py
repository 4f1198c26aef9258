"""`bort doctor`: what it finds in a healthy home, and in one that is not."""

import json

import pytest
from click.testing import CliRunner
from made_up_study import fill

from bort.cli.doctor import doctor
from bort.core import paths
from bort.jobs import health
from bort.storage import open_store


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    monkeypatch.delenv("BORT_STORE", raising=False)
    with open_store() as store:
        fill(store, "made-up", budget=3)
        store.create_job("search", {}, study="made-up")
    return tmp_path


def examined(*arguments):
    done = CliRunner().invoke(doctor, [*arguments, "--json"])
    answer = json.loads(done.stdout)
    assert done.exit_code == (0 if answer["ok"] else 1)
    return answer["ok"], {row["check"]: row for row in answer["findings"]}


def test_a_healthy_home(home):
    ok, found = examined()
    assert ok
    assert set(found) == {str(check) for check in health.Check} - {"files"}  # without BORT_FILES
    assert found["store"]["facts"]["studies"] == 1
    assert found["profiles"]["facts"]["stale"] == ["made-up"]  # of a made-up machine
    assert found["tasks"]["level"] == "note"  # not prepared in this home
    assert found["leftovers"]["level"] == "ok"
    assert found["versions"]["facts"]["libraries"]["numpy"]


def test_what_no_job_owns_is_left_over(home):
    (paths.runs() / "of-nobody").mkdir()
    (paths.runs() / "of-nobody" / "weights").write_bytes(b"x" * 3_000_000)
    _, found = examined()
    facts = found["leftovers"]["facts"]
    assert facts["folders"] == [str(paths.runs() / "of-nobody")]
    assert facts["bytes"] == 3_000_000
    assert found["disk"]["facts"]["used"]["runs"] == 3_000_000


def test_problems_end_with_1(home, monkeypatch):
    monkeypatch.setattr(health, "LITTLE_SPACE", 2**80)
    ok, found = examined()
    assert not ok
    assert found["disk"]["level"] == "problem"
    (home / "bort.db").write_bytes(b"not a database, whatever its name says")
    _, found = examined()
    assert found["store"]["level"] == "problem"
    assert "\n" not in found["store"]["sentence"]


def test_people_read_a_line_for_each_check(home):
    done = CliRunner().invoke(doctor, [])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert len(lines) == len(health.Check) - 1  # none for BORT_FILES, which is not set
    assert all(line[0] in "✓•✗" for line in lines)
