"""The recorded answers, computed again: only the code has changed."""

import json
import math
from typing import Any

import asked
import pytest


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return asked.answers()


RECORDED: dict[str, Any] = json.loads(asked.ANSWERS.read_text(encoding="utf-8"))


def same(one: Any, other: Any) -> bool:
    """Check equality; numbers may differ as logarithms do between processors."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9)
    return bool(one == other)


def test_the_same_questions_are_asked(found: dict[str, Any]) -> None:
    assert list(found) == list(RECORDED)


@pytest.mark.parametrize("question", RECORDED)
def test_the_answer_has_not_moved(found: dict[str, Any], question: str) -> None:
    wrong = {
        key: (value, found[question][key])
        for key, value in RECORDED[question].items()
        if not same(value, found[question][key])
    }
    assert not wrong
