"""Windows is refused in one line, whichever door is tried."""

import sys

import pytest

import bort
from bort.cli.main import main


def test_the_command_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"bort: {bort.NO_WINDOWS}\n"


def test_the_names_are_refused(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delitem(vars(bort), "search_table", raising=False)
    with pytest.raises(ImportError, match="Linux and macOS"):
        _ = bort.search_table
