import json
from collections.abc import Sequence
from typing import Any

import pytest

from bort.cli import data as data_module
from bort.cli.main import main
from bort.core.errors import DownloadError
from bort.core.progress import OnStep, Progress, Stage
from bort.tasks import TaskInfo, list_tasks


def run(
    arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["bort", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_list_shows_every_task(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(["data", "list"], monkeypatch, capsys)
    assert (code, err) == (0, "")
    for info in list_tasks():
        assert info.name in out
        assert str(info.rows) in out
    assert max(map(len, out.splitlines())) <= 80


def test_list_as_json_is_one_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(["data", "list", "--json"], monkeypatch, capsys)
    tasks = json.loads(out)["tasks"]
    assert code == 0
    assert [task["dropped"]["rating 0"] for task in tasks] == [37, 4, 98, 244]
    assert {task["splits"] for task in tasks} == {None}


def test_prepare_passes_names_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Any] = []

    def prepare(names: Sequence[str] | None, *, on_step: OnStep, force: bool) -> list[TaskInfo]:
        on_step(Progress(0, 2, Stage.FETCHING, "it"))
        asked.append((names, force))
        return list_tasks()

    monkeypatch.setattr(data_module, "prepare", prepare)
    code, out, err = run(["data", "prepare", "--json"], monkeypatch, capsys)
    assert (code, err) == (0, "")
    assert len(json.loads(out)["tasks"]) == 4
    run(["data", "prepare", "tweets", "--force"], monkeypatch, capsys)
    assert asked == [(None, False), (("tweets",), True)]


def test_errors_are_one_line_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(["data", "prepare", "tweats"], monkeypatch, capsys)
    assert (code, out) == (2, "")
    assert err.startswith("bort: there is no task and no file 'tweats'; did you mean tweets?")
    assert err.count("\n") == 1

    def offline(*_names: object, **_options: object) -> list[TaskInfo]:
        raise DownloadError("cannot fetch it; check the network connection")

    monkeypatch.setattr(data_module, "prepare", offline)
    code, out, err = run(["data", "prepare"], monkeypatch, capsys)
    assert (code, out) == (2, "")
    assert err == "bort: cannot fetch it; check the network connection\n"


@pytest.mark.parametrize("arguments", [[], ["data"]])
def test_a_group_without_a_command_shows_its_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    code, out, err = run(arguments, monkeypatch, capsys)
    assert (code, out) == (2, "")
    assert "\nCommands:\n" in err


def test_quiet_prints_nothing_when_all_is_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data_module, "prepare", lambda *_names, **_options: list_tasks())
    assert run(["data", "prepare", "--quiet"], monkeypatch, capsys) == (0, "", "")
    code, out, _ = run(["data", "prepare", "--quiet", "--json"], monkeypatch, capsys)
    assert (code, len(json.loads(out)["tasks"])) == (0, 4)
