"""Texts of a run as references to its task: nothing of the corpus, and nothing is lost."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bort.agora.text.references import References, changed, changes, unread
from bort.core.errors import InvalidDataError
from bort.tasks import Split, Task


def split(*texts: str) -> Split:
    return Split(texts, None, np.zeros(len(texts), dtype=np.int64))


@pytest.fixture
def task(made_task: Task) -> Task:
    return replace(
        made_task,
        train=split("a good film", "a bad film"),
        dev=split("It is slow, but good.", "Dull"),
        audit=split("never seen"),
        pool=split("a long film", "a good film"),
    )


@pytest.fixture
def made_task(tmp_path) -> Task:
    from bort.core.study import TaskSpec
    from bort.tasks import load_task

    path = tmp_path / "some.csv"
    rows = [f"text number {n} of them,{('bad', 'good')[n % 2]}" for n in range(60)]
    path.write_text("\n".join(["text,label", *rows]) + "\n")
    return load_task(TaskSpec(task=str(path)))


def test_a_row_of_the_task_is_its_split_and_number(task: Task) -> None:
    found = References(task)
    assert found.of("a long film", 1) == {"split": "pool", "row": 0}
    assert found.of("a good film", 1) == {"split": "train", "row": 0}
    assert found.value({"split": "pool", "row": 0}) == "a long film"


def test_an_edited_text_is_its_parent_with_the_new_words_only(task: Task) -> None:
    found = References(task)
    reference = found.of("It is quick, but fine.", 0)
    assert reference["edits"] == [[6, 10, "quick"], [16, 20, "fine"]]
    assert found.value(reference) == "It is quick, but fine."
    assert unread(reference) == "dev 0, edited"


@given(st.text("ab ,.", max_size=30), st.text("ab ,.x", max_size=30))
def test_changes_lead_from_one_text_to_the_other(before: str, after: str) -> None:
    assert changed(before, changes(before, after)) == after


def test_another_task_is_told(task: Task) -> None:
    with pytest.raises(InvalidDataError, match="no row 9 of pool"):
        References(task).value({"split": "pool", "row": 9})
    pairs = replace(task, train=replace(task.train, pairs=("x", "y")))
    with pytest.raises(InvalidDataError, match="pairs of texts"):
        References(pairs)
