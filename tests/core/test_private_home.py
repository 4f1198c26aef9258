"""A home folder is only for its owner, also one that an older version made."""

import os
from pathlib import Path

import pytest

from bort.core import files
from bort.core.files import make_folder


@pytest.mark.parametrize(
    ("before", "has_store", "after"),
    [(0o755, True, 0o700), (0o775, True, 0o700), (0o755, False, 0o755), (0o2775, True, 0o2775)],
)
def test_an_older_home_is_closed_unless_it_is_shared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, has_store: bool, after: int
) -> None:
    files._keep_private.cache_clear()
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(before)
    if has_store:
        (home / "bort.db").touch()
    monkeypatch.setenv("BORT_HOME", str(home))
    make_folder(home / "cache" / "tokens")
    assert home.stat().st_mode & 0o7777 == after


def test_a_new_home_is_private_and_the_user_s_own_folder_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files._keep_private.cache_clear()
    monkeypatch.setenv("BORT_HOME", str(tmp_path / "new" / "home"))
    make_folder(tmp_path / "new" / "home" / "runs")
    assert (tmp_path / "new" / "home").stat().st_mode & 0o777 == 0o700
    own = tmp_path / "own"
    own.mkdir()
    own.chmod(0o755)
    (own / "bort.db").touch()
    monkeypatch.setenv("HOME", str(own))
    monkeypatch.setenv("BORT_HOME", str(own))
    make_folder(own / "runs")
    assert own.stat().st_mode & 0o777 == 0o755
    assert os.access(own / "runs", os.W_OK)


def test_a_folder_is_not_made_too_deep_to_be_removed(tmp_path: Path) -> None:
    make_folder(tmp_path.joinpath(*["a"] * 100))
    with pytest.raises(OSError, match="more than 200 levels deep"):
        make_folder(tmp_path.joinpath(*["b"] * 1500))
    assert not (tmp_path / "b").exists()
