"""Commands in hard places: little memory, an odd terminal, a file that is read and written."""

import itertools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bort.report.terminal import Terminal, folded, printable

TABLE = "depth,hid\x1b[31mden,params,ms,err\n" + "".join(
    f"{d},{h},{10 * d * h},{d * h / 100},{0.5 / (d * h) ** 0.3}\n"
    for d in (1, 2, 4)
    for h in (64, 128, 256)
)
ROOT = Path(__file__).parents[2]
COLUMNS = ("--size", "params", "--latency", "ms", "--error", "err")


def bort(*arguments, folder, before="", **variables):
    program = [sys.executable, "-c", "'from bort.cli.main import main; main()'"]
    command = " ".join([before, *program, *arguments])
    home = {"PYTHONPATH": str(ROOT), "BORT_HOME": str(folder / "home")}
    environment = {"PATH": "/usr/bin:/bin", **home, **variables}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, timeout=120
    )
    return done.returncode, done.stdout.decode("latin-1"), done.stderr.decode("latin-1")


@pytest.fixture
def folder(tmp_path):
    tmp_path.joinpath("own.csv").write_text(TABLE, encoding="utf-8")
    return tmp_path


def nobody_reads(*arguments, folder):
    """Run a command whose output and errors go to a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    program = [sys.executable, "-c", "from bort.cli.main import main; main()", *arguments]
    home = {"PYTHONPATH": str(ROOT), "BORT_HOME": str(folder / "home")}
    done = subprocess.run(
        program, cwd=folder, env={**os.environ, **home}, stdout=writing, stderr=writing, timeout=120
    )
    os.close(writing)
    return done.returncode


def test_a_command_ends_quietly_when_nobody_reads_on(folder):
    assert nobody_reads("space", "show", "small", folder=folder) == 141
    assert nobody_reads("space", "nosuch", folder=folder) == 141


def test_work_stops_and_is_kept_when_nobody_reads_on(folder):
    assert nobody_reads("agora", "run", "--task", "torus", folder=folder) == 141
    code, answer, _ = bort("jobs", "list", "--json", folder=folder)
    (job,) = json.loads(answer)["jobs"]
    assert (code, job["state"], job["can_resume"]) == (0, "cancelled", True)
    assert job["reason"] == "nobody read its lines any more"


def test_closed_streams_are_no_files_of_ours(folder):
    everything = "exec 0<&- 1>&- 2>&-;"
    assert bort("space", "show", "small", folder=folder, before=everything) == (0, "", "")
    assert bort("jobs", "list", folder=folder, before=everything) == (0, "", "")
    code, answer, _ = bort("jobs", "list", "--json", folder=folder)  # the store is whole
    assert (code, json.loads(answer)) == (0, {"jobs": []})


@pytest.mark.parametrize("given", ["--study ''", "--study=", "--study ' '"])
def test_an_empty_value_is_refused(given, folder):
    code, _, said = bort("front", given, folder=folder)
    assert code == 2
    assert said == "bort: what follows --study is empty; give a value, or leave it out\n"


def test_a_shell_with_little_memory_is_told(folder):
    code, _, said = bort("space", "list", folder=folder, before="ulimit -v 200000;")
    assert (code, said.count("\n")) == (2, 1)
    assert "limited to 195 MB" in said


def test_a_terminal_without_some_characters_shows_the_rest(folder):
    odd = {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii", "COLUMNS": "20"}
    arguments = ("search", "--from-table", "own.csv", *COLUMNS)
    code, answer, said = bort(*arguments, folder=folder, **odd)
    assert code == 0, said
    assert "\x1b" not in answer
    assert "\\x1b[31" in answer
    assert "2,560" in answer or "2.56" in answer  # a narrow terminal hides no number


def test_a_certificate_never_replaces_the_table(folder):
    arguments = ("search", "--from-table", "own.csv", *COLUMNS, "--certificate", "own.csv")
    code, _, said = bort(*arguments, "--force", folder=folder)
    assert code == 2
    assert "would replace a file that this command reads" in said
    assert folder.joinpath("own.csv").read_text(encoding="utf-8") == TABLE


@pytest.mark.parametrize("home", ["/dev/null", "https://example.org/home"])
def test_a_home_must_be_a_folder(folder, home):
    code, _, said = bort("jobs", "list", folder=folder, BORT_HOME=home)
    assert code == 2
    assert "BORT_HOME must name a folder" in said


def test_no_line_is_too_long():
    assert folded("short") == "short"
    assert max(map(len, folded("word " * 100).split("\n"))) <= 80
    assert printable("\u200d é ✓\n") == "\u200d é ✓\n"
    assert Terminal().width >= 80


def test_a_long_search_of_a_table_is_interrupted_and_leaves_nothing(tmp_path):
    sizes = itertools.product(range(1, 6), repeat=5)
    rows = [f"{','.join(map(str, s))},{sum(s)},{sum(s)},{0.5 / sum(s) ** 0.3}" for s in sizes]
    tmp_path.joinpath("long.csv").write_text("\n".join(["a,b,c,d,e,params,ms,err", *rows]))
    program = [sys.executable, "-c", "from bort.cli.main import main; main()", "search"]
    wanted = ("--budget", "3000", "--epsilon", "0.001", "--certificate", "c.json")
    searching = subprocess.Popen(
        [*program, "--from-table", "long.csv", *COLUMNS, *wanted],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "BORT_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # CI may ignore it
    )
    lines = iter(searching.stderr.readline, "")
    assert any("/3000: " in line for line in lines)  # it says how far it is
    searching.send_signal(signal.SIGINT)
    answer, said = searching.communicate(timeout=60)
    assert (searching.returncode, answer) == (130, "")
    assert said.splitlines()[-1] == "bort: interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["long.csv"]
