"""Spaces from TOML: the package's named ones, and the user's own files."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from bort.core.errors import InvalidSpaceError, UnknownSpaceError
from bort.core.inputs import read_input
from bort.core.paths import expanded
from bort.families.making.fit_transformers import fit_definition
from bort.families.making.validation import check_lists, check_numbers
from bort.families.registry import FAMILY_NAMES, family
from bort.families.space import FamilySpace, SearchSpace
from bort.families.transformers_family import FITTED_NAMES
from bort.families.union import UnionSpace

SPACE_NAMES = ("bort", "minilm", "small")

MOST_DOTS = 50  # of a key; tomllib takes minutes for one with thousands
_KEYS = ("name", "family", "dimensions", "fixed")


def load_space(name_or_path: str) -> SearchSpace:
    """Load a named space, or the one in a TOML file.

    Args:
        name_or_path: one of `SPACE_NAMES`, or a path. Write `./bort` for a file that has the
            name of a known space.
    Raises:
        UnknownSpaceError: it is neither a known name nor a file.
        InvalidSpaceError: the file does not describe a space; the message begins with its path.
        MissingExtraError: it needs a package that is not installed.
    """
    if name_or_path in SPACE_NAMES:
        text = files("bort.families").joinpath(f"spaces/{name_or_path}.toml").read_text("utf-8")
        return parse_space(text, name_or_path)
    path = _existing(name_or_path)
    try:
        return parse_space(_read(path), path.stem)
    except InvalidSpaceError as error:
        raise InvalidSpaceError(f"{name_or_path}: {error}") from error


def parse_space(text: str, default_name: str) -> SearchSpace:
    """Parse the TOML text of a space.

    Raises:
        InvalidSpaceError: it does not describe a space.
        MissingExtraError: the family has to be fitted, and torch is not installed.
    """
    if any(line.partition("=")[0].count(".") > MOST_DOTS for line in text.splitlines()):
        raise InvalidSpaceError(
            f"a key has more than {MOST_DOTS} dots; a space has the tables [dimensions] and [fixed]"
        )
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError
        raise InvalidSpaceError(
            f'not TOML ({error}); write family = "bert" and a table [dimensions]'
        ) from None
    name = _text(content, "name", default_name)
    if "families" not in content:
        return _family_space(content, _KEYS, name)
    _check_keys(content, ("name", "families"), "with [[families]]")
    listed = content["families"]
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise InvalidSpaceError(
            f"families must be a list of tables, got {listed!r}; write [[families]] before each"
        )
    return UnionSpace(name, tuple(_part(one, name) for one in listed))


def _part(content: dict[str, Any], name: str) -> FamilySpace:
    try:
        return _family_space(content, _KEYS[1:], name)
    except InvalidSpaceError as error:
        kind = content.get("family")
        raise InvalidSpaceError(f"family {kind!r}: {error}" if kind else str(error)) from None


def _family_space(content: dict[str, Any], keys: tuple[str, ...], name: str) -> FamilySpace:
    _check_keys(content, keys, "of one family")
    kind = _text(content, "family", None)
    dimensions = content.get("dimensions", {})
    fixed = content.get("fixed", {})
    return FamilySpace(
        name=name,
        family_name=kind,
        dimensions=dimensions,
        fixed=fixed,
        definition=_definition(kind, dimensions, fixed),
    )


def _check_keys(content: dict[str, Any], keys: tuple[str, ...], what: str) -> None:
    for key in content:
        if key not in keys:
            raise InvalidSpaceError(
                f"unknown key {key!r}; a space {what} has {', '.join(keys)} ([dimensions] and "
                "[fixed] have their own keys)"
            )


def _definition(kind: str, dimensions: object, fixed: object) -> dict[str, Any] | None:
    """Fit a family that is not in the package, or one with other fixed sizes."""
    if kind in FAMILY_NAMES and kind not in FITTED_NAMES:
        return None
    lists, numbers = check_lists(dimensions), check_numbers(fixed)
    if kind in FITTED_NAMES and numbers.keys() <= family(kind).defaults.keys():
        return None
    return fit_definition(kind, lists, numbers)


def _text(content: dict[str, Any], key: str, default: str | None) -> str:
    value = content.get(key, default)
    if value is None:
        raise InvalidSpaceError(f'the key {key!r} is missing; write {key} = "bert"')
    if not isinstance(value, str) or not value.strip():
        raise InvalidSpaceError(f'{key} must be a string, got {value!r}; write {key} = "bert"')
    return value


def _existing(given: str) -> Path:
    try:
        path = expanded(given)
        exists = bool(given.strip()) and path.exists()
    except (
        OSError,
        RuntimeError,
        ValueError,
    ):  # an unknown home folder, or an impossible file name
        exists = False
    if not exists:
        raise UnknownSpaceError(
            f"no space {given!r}: neither a known name ({', '.join(SPACE_NAMES)}) nor a file"
        )
    return path


def _read(path: Path) -> str:
    if path.is_dir():
        raise InvalidSpaceError("is a folder, not a file; name a TOML file")
    try:
        return read_input(path).decode()
    except UnicodeDecodeError:
        raise InvalidSpaceError("is not text in UTF-8; name a TOML file") from None
    except OSError as error:
        raise InvalidSpaceError(f"cannot be read ({error.strerror}); name a TOML file") from None
