"""Scratch is removed when its block ends, and by the next one after its process was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bort.core import scratch as scratch_module
from bort.core.files import whole_file, write_atomically
from bort.core.scratch import scratch, temporary

DIES = """
import os, signal, sys
from pathlib import Path
from bort.core.files import whole_file
from bort.core.scratch import scratch
folder = Path(sys.argv[1])
with scratch(folder, "model") as made, whole_file(folder / "table") as part:
    (made / "weights").write_text("half")
    part.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name.rpartition("-")[0] or path.name for path in folder.iterdir())


def test_what_a_killed_process_left_goes_with_the_next_of_its_name(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert names(tmp_path) == [".model.part", ".table.part"]
    write_atomically(tmp_path / "table", b"whole")
    assert names(tmp_path) == [".model.part", "table"]
    with scratch(tmp_path, "model") as made:
        assert list(made.iterdir()) == []
        made.rename(tmp_path / "model")
    assert names(tmp_path) == ["model", "table"]


def test_what_a_living_process_holds_stays(tmp_path: Path) -> None:
    with scratch(tmp_path, "x") as first, scratch(tmp_path, "x") as second:
        assert first.is_dir()
        assert second.is_dir()
        assert first != second
    assert names(tmp_path) == []
    with pytest.raises(ZeroDivisionError), scratch(tmp_path, "x"):
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_modes_are_the_usual_ones_but_private_in_tmp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o022)
    try:
        with whole_file(tmp_path / "file"):
            pass
        with scratch(tmp_path, "folder") as folder:
            assert folder.stat().st_mode & 0o777 == 0o755
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with temporary("onnx") as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_very_long_names_and_links_do_no_harm(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("é" * 127), b"")
    (tmp_path / "kept").mkdir()
    (tmp_path / ".x.part-1").symlink_to(tmp_path / "kept")
    os.mkfifo(tmp_path / ".x.part-2")
    with scratch(tmp_path, "x"):
        pass
    assert (tmp_path / "kept").is_dir()


def test_one_that_is_swept_before_it_is_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens, swept = scratch_module._open, []

    def sweep_first(path: Path) -> int:
        if not swept:
            swept.append(path)
            path.unlink()
        return opens(path)

    monkeypatch.setattr(scratch_module, "_open", sweep_first)
    write_atomically(tmp_path / "file", b"whole")
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert swept
