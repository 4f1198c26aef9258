import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner
from job_runners import WaitFor

from bort import jobs
from bort.cli.main import bort
from bort.core.errors import InvalidFieldError, UnknownJobError
from bort.jobs import JobState
from bort.report.jobs import ending_reason
from bort.storage import Store


def run(*words: str) -> str:
    """Return what a command prints; raises its errors."""
    result = CliRunner().invoke(
        bort, ["jobs", *words], catch_exceptions=False, standalone_mode=False
    )
    if result.exception:
        raise result.exception
    return result.stdout


def run_json(*words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(run(*words, "--json"))
    return answer


def test_an_empty_list_says_how_to_begin(store: Store) -> None:
    assert "bort search" in run("list")
    assert run_json("list") == {"jobs": []}


def test_list_and_show(store: Store, wait_for: WaitFor) -> None:
    jobs.run_here(store, "count", {"to": 3}, study="[red]s[/red]")
    assert "[red]s[/red]" in run("list")
    assert "3 of 3" in run("show", "1")
    assert "epsilon" in run("show", "1")
    shown = run_json("show", "1")
    assert shown["state"] == "done"
    assert shown["result"] == {"counted": 3, "attempt": 1}
    assert shown["created_at"].endswith("Z")
    assert [event["message"] for event in shown["events"]] == ["attempt 1 begins", "done"]
    assert [job["id"] for job in run_json("list", "--study", "[red]s[/red]")["jobs"]] == [1]
    assert run_json("list", "--active") == {"jobs": []}


def test_logs(store: Store, wait_for: WaitFor) -> None:
    job_id = jobs.start_detached(store, "broken", {})
    assert "before the end" in run("logs", str(job_id), "--follow")
    assert "Traceback" in run("logs", str(job_id))
    assert "before the end" in run_json("logs", str(job_id))["lines"]


def test_cancel_then_resume_prints_what_the_command_would(store: Store, wait_for: WaitFor) -> None:
    job_id = jobs.start_detached(store, "count", {"to": 400, "pause": 0.1})
    wait_for(job_id, lambda job: job.progress.done > 1)
    assert "is cancelled; continue with: bort jobs resume 1" in run("cancel", "1")
    (store.job(1).folder / "count.txt").write_text("399")
    assert run_json("resume", "1") == {"counted": 400, "attempt": 2}


def test_resume_detached(store: Store, wait_for: WaitFor) -> None:
    with pytest.raises(jobs.JobCancelledError):
        jobs.run_here(store, "interrupted", {})
    assert run_json("resume", "1", "--detach")["state"] in ("queued", "running")
    assert wait_for(1, lambda job: job.state.is_final).attempt == 2


@pytest.mark.parametrize("command", ["show", "logs", "cancel", "resume"])
def test_an_unknown_job_is_one_line(store: Store, command: str) -> None:
    with pytest.raises(UnknownJobError, match="there is no job 7; see all with: bort jobs list"):
        run(command, "7")


@pytest.mark.parametrize("job_id", ["x", "0", "99999999999999999999"])
def test_what_is_no_id_is_said(store: Store, job_id: str) -> None:
    with pytest.raises(
        InvalidFieldError, match="a job number must be a whole number of 1 or more, got '"
    ):
        run("show", job_id)


def test_the_list_fits_80_columns(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    jobs.run_here(store, "count", {"to": 3}, study="movie-reviews-minilm-2")
    with pytest.raises(jobs.JobFailedError):
        jobs.run_here(store, "broken", {}, study="my-own-reviews")
    printed = run("list")
    assert "…" not in printed
    lines = printed.splitlines()
    assert max(map(len, lines)) <= 80
    done = next(line for line in lines if "movie-reviews-minilm-2" in line)
    assert "done" in done
    assert "3 of 3" in done
    assert "count" in next(line for line in lines if "count" in line)
    ending = store.job(2).ending
    assert ending is not None
    words = " ".join(printed.split())
    assert all(word in words for word in ending_reason(ending).split())


def test_exit_codes_of_a_real_process(store: Store) -> None:
    code = "import job_runners, sys; from bort.jobs import RUNNERS; "
    code += "RUNNERS['interrupted'] = 'job_runners:interrupted'; "
    code += "sys.argv = ['bort', 'jobs', 'resume', '1']; from bort.cli.main import main; main()"
    with pytest.raises(jobs.JobCancelledError):
        jobs.run_here(store, "interrupted", {})
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr.splitlines()[-1].startswith("bort: job 1 was stopped (interrupted)")
    assert store.job(1).state is JobState.CANCELLED


@pytest.mark.parametrize("limit", ["x", "0", "-3", "1.5"])
def test_a_limit_is_a_whole_number(limit: str) -> None:
    result = CliRunner().invoke(bort, ["jobs", "list", "--limit", limit])
    assert result.exit_code == 2
    assert f"it must be a whole number of 1 or more, got '{limit}'" in result.stderr
