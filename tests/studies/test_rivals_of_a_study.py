"""Which comparison belongs to a study, and on which of its axes it can be drawn."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from made_up_rivals import COMPARISON, add_comparison
from made_up_study import fill, made_up_profile

from bort.core.serialise import to_json
from bort.core.size import SizeUnit
from bort.core.study import TaskSpec
from bort.families import load_space
from bort.report.rivals import axes_sentence
from bort.storage import JobState, Store, open_store
from bort.studies.answers import read_answer
from bort.studies.rivals import SharedAxes, newest_comparison, shared_axes

TASK = TaskSpec()
MACHINE = made_up_profile(load_space("minilm")).fingerprint


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("BORT_HOME", str(tmp_path))
    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as opened:
        yield opened


def test_the_newest_of_the_same_task_and_split_counts(store: Store) -> None:
    assert newest_comparison(store, TASK) is None
    add_comparison(store, TASK, texts=1)
    add_comparison(store, TASK, texts=2)
    add_comparison(store, replace(TASK, labelled=500), texts=3)
    add_comparison(store, replace(TASK, seed=1), texts=4)
    add_comparison(store, TASK, state=JobState.RUNNING)
    found = newest_comparison(store, TASK)
    assert found is not None
    assert found.texts == 2
    assert newest_comparison(store, replace(TASK, task="tweets")) is None


def test_other_texts_or_labels_do_not_count_nor_what_cannot_be_read(store: Store) -> None:
    add_comparison(store, TASK, digest=None, texts=1)
    add_comparison(store, TASK, digest="old", texts=2)
    add_comparison(store, TASK, rows="none")
    for digest, texts in (("new", 1), ("old", 2), (None, 2)):
        found = newest_comparison(store, TASK, digest)
        assert found is not None
        assert found.texts == texts


def test_an_answer_has_it_and_prints_it(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    from bort.report.search import answer_json, print_answer

    fill(store, "reviews", budget=8)
    assert answer_json(read_answer(store, "reviews"))["rivals"] is None
    add_comparison(store, TASK)
    answer = read_answer(store, "reviews")
    assert answer_json(answer)["rivals"] == to_json(COMPARISON)
    print_answer(answer)
    said = capsys.readouterr().out
    assert said.index("Beats us") < said.index("fastText, quantised") < said.index("Survives")


@pytest.mark.parametrize(
    ("unit", "is_text", "texts", "threads", "expected"),
    [
        (SizeUnit.INT8, True, 1, 1, SharedAxes(has_size=True, texts=1)),
        (SizeUnit.FLOAT32, True, 32, 1, SharedAxes(has_size=True, texts=32)),
        (SizeUnit.INT8, True, 8, 1, SharedAxes(has_size=True, texts=None)),
        (SizeUnit.PARAMETERS, True, 1, 1, SharedAxes(has_size=False, texts=1)),
        (SizeUnit.EFFECTIVE, False, 1, 1, SharedAxes(has_size=False, texts=None)),
        (SizeUnit.INT8, True, 1, 2, SharedAxes(has_size=True, texts=None)),
    ],
)
def test_an_axis_is_shared_only_if_both_mean_the_same(
    unit: SizeUnit, is_text: bool, texts: int, threads: int, expected: SharedAxes
) -> None:
    here = replace(MACHINE, threads=1, libraries={"onnxruntime": "1"})
    axes = shared_axes(
        replace(COMPARISON, machine=here.to_dict()),
        unit=unit,
        is_text_to_label=is_text,
        texts=texts,
        machine=replace(MACHINE, threads=threads),
    )
    assert axes == expected
    assert ("not drawn" in axes_sentence(axes, is_text_to_label=is_text)) == (
        None in axes.values(COMPARISON.rows[1])
    )


def test_values_are_those_of_a_pass_and_of_the_dev_texts() -> None:
    row = COMPARISON.rows[1]
    assert SharedAxes(has_size=True, texts=32).values(row) == pytest.approx((4.0, 32 * 0.055, 25.0))
    assert SharedAxes(has_size=False, texts=None).values(row) == (None, None, pytest.approx(25.0))


def test_another_machine_shares_no_time() -> None:
    axes = shared_axes(
        COMPARISON, unit=SizeUnit.INT8, is_text_to_label=True, texts=1, machine=MACHINE
    )
    assert axes == SharedAxes(has_size=True, texts=None)
