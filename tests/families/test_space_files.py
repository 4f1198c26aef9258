"""Every way to get a space's file wrong."""

from pathlib import Path

import pytest

from bort.core.errors import BortError, InvalidSpaceError, UnknownSpaceError
from bort.families import load_space

GOOD = """
family = "bert"
[dimensions]
depth = [2, 1]
heads = [2]
hidden = [8, 16]
intermediate = [4]
"""


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_users_file(tmp_path: Path) -> None:
    space = load_space(written(tmp_path, GOOD))
    assert (space.name, space.family_name, len(space)) == ("mine", "bert", 4)
    assert space.dimensions["depth"] == (1, 2)
    assert space.fixed == {"vocabulary": 30_522, "positions": 512, "types": 2, "labels": 2}


def test_name_and_fixed_are_optional(tmp_path: Path) -> None:
    text = f'name = "small ones"\n{GOOD}\n[fixed]\nvocabulary = 100\nlabels = 5\n'
    space = load_space(written(tmp_path, text))
    assert space.name == "small ones"
    assert space.fixed == {"vocabulary": 100, "positions": 512, "types": 2, "labels": 5}


def test_a_file_called_like_a_space_is_reached_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bort").write_text(GOOD, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert len(load_space("bort")) == 300
    assert len(load_space("./bort")) == 4


WRONG = {
    "family missing": (GOOD.replace('family = "bert"', ""), "'family' is missing"),
    "family unknown": (GOOD.replace("bert", "brt-x"), "unknown family 'brt-x'; choose one of bert"),
    "family a number": (GOOD.replace('"bert"', "3"), "family must be a string, got 3"),
    "name empty": (f'name = ""{GOOD}', "name must be a string, got ''"),
    "no dimensions": ('family = "bert"', "there are no dimensions"),
    "dimensions a list": ('family = "bert"\ndimensions = [1]', "must be a table"),
    "missing": (GOOD.replace("heads = [2]", ""), "'heads' is missing; family 'bert' needs depth"),
    "extra": (f"{GOOD}width = [3]", "unknown dimension 'width'; family 'bert' has depth"),
    "empty": (GOOD.replace("[2, 1]", "[]"), "'depth' is empty"),
    "negative": (GOOD.replace("[2, 1]", "[2, -1]"), "'depth' lists -1; every value"),
    "zero": (GOOD.replace("[2, 1]", "[0]"), "'depth' lists 0; every value"),
    "bool": (GOOD.replace("[2, 1]", "[true]"), "'depth' lists True; every value"),
    "float": (GOOD.replace("[2, 1]", "[2.0]"), "'depth' lists 2.0; every value"),
    "text": (GOOD.replace("[2, 1]", '["2"]'), "'depth' lists '2'; every value"),
    "one text": (GOOD.replace("[2, 1]", '"2"'), "'depth' must be a list of integers, got '2'"),
    "one number": (GOOD.replace("[2, 1]", "2"), "'depth' must be a list of integers, got 2"),
    "infinite": (GOOD.replace("[2, 1]", "[inf]"), "'depth' lists inf; every value"),
    "twice": (GOOD.replace("[2, 1]", "[2, 1, 2]"), "'depth' lists 2 more than once"),
    "nothing valid": (GOOD.replace("heads = [2]", "heads = [3, 5]"), "no valid architecture"),
    "fixed unknown": (f"{GOOD}[fixed]\nwords = 3", "unknown fixed value 'words'"),
    "fixed negative": (f"{GOOD}[fixed]\nlabels = -1", "'labels' is -1"),
    "fixed a list": (f"fixed = [1]{GOOD}", "fixed must be a table"),
    "unknown key": (
        f'colour = "red"{GOOD}',
        "unknown key 'colour'; a space of one family has name, family",
    ),
    "not TOML": ("hello: world", "not TOML"),
    "a key of many parts": ("a" + ".a" * 50_000 + " = 1", "a key has more than 50 dots"),
    "empty file": ("", "'family' is missing"),
    "duplicate key": (f'family = "bert"{GOOD}', "not TOML"),
    "huge number": (GOOD.replace("[4]", f"[{10**30}]"), "64 bits"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidSpaceError) as caught:
        load_space(written(tmp_path, text))
    said = str(caught.value)
    assert message in said
    assert "mine.toml: " in said
    assert "\n" not in said


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(UnknownSpaceError) as caught:
        load_space("brot")
    assert str(caught.value) == (
        "no space 'brot': neither a known name (bort, minilm, small) nor a file"
    )


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for wrong, message in {
        str(tmp_path): "is a folder",
        str(tmp_path / "binary"): "not text in UTF-8",
        str(tmp_path / "binary" / "below"): "neither a known name",
        "": "neither a known name",
        "a\0b": "neither a known name",
        "x" * 5000: "neither a known name",
        "~nobody-at-all/space.toml": "neither a known name",
    }.items():
        with pytest.raises(BortError, match=message):
            load_space(wrong)
