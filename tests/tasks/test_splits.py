import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.core.errors import InvalidDataError, InvalidFieldError
from bort.tasks.near_duplicates import is_near_duplicate
from bort.tasks.splits import (
    SplitName,
    apportion,
    assign_splits,
    check_usable,
    choose_labelled,
    leakage_groups,
)


@st.composite
def grouped_labels(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    count = draw(st.integers(20, 120))
    labels = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    groups = draw(st.lists(st.integers(0, 40), min_size=count, max_size=count))
    return np.array(labels), np.array(groups)


@given(grouped_labels(), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_no_group_is_parted_and_no_row_lost(rows: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    labels, groups = rows
    splits = assign_splits(labels, groups, seed=seed)
    assert set(splits) <= {0, 1, 2}
    for group in np.unique(groups):
        assert len(set(splits[groups == group])) == 1


@given(st.lists(st.integers(0, 2), min_size=20, max_size=300), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_single_rows_are_divided_as_exactly_as_rows_can_be(labels: list[int], seed: int) -> None:
    classes = np.array(labels)
    splits = assign_splits(classes, np.arange(len(classes)), seed=seed)
    for label in np.unique(classes):
        count = (classes == label).sum()
        for split in (SplitName.DEV, SplitName.AUDIT):
            found = (splits[classes == label] == split).sum()
            assert abs(found - 0.15 * count) <= 0.5 or (found == 1 and count >= 3)


def test_documents_leave_the_classes_balanced() -> None:
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 120, 1500)
    labels = (rng.random(1500) < 0.3).astype(np.int64)
    splits = assign_splits(labels, groups, seed=0)
    for split, share in zip((0, 1, 2), (0.70, 0.15, 0.15), strict=True):
        assert (splits == split).mean() == pytest.approx(share, abs=0.02)
        assert labels[splits == split].mean() == pytest.approx(labels.mean(), abs=0.03)


def test_the_seed_decides_and_nothing_else() -> None:
    labels, groups = np.arange(200) % 2, np.arange(200)
    first = assign_splits(labels, groups, seed=0)
    assert np.array_equal(first, assign_splits(labels, groups, seed=0))
    assert not np.array_equal(first, assign_splits(labels, groups, seed=1))


@given(grouped_labels(), st.data())
@settings(max_examples=40, deadline=None)
def test_published_splits_stay_and_win_by_strictness(
    rows: tuple[np.ndarray, np.ndarray], data: st.DataObject
) -> None:
    labels, groups = rows
    preset = np.array(
        data.draw(st.lists(st.sampled_from([-1, 1, 2]), min_size=len(labels), max_size=len(labels)))
    )
    splits = assign_splits(labels, groups, seed=0, preset=preset)
    kept = splits != SplitName.NOWHERE
    assert np.array_equal(splits[kept & (preset > 0)], preset[kept & (preset > 0)])
    assert np.all(splits[preset == 2] == SplitName.AUDIT)
    for group in np.unique(groups):
        assert len(set(splits[(groups == group) & kept])) <= 1


def test_with_a_published_test_split_only_dev_is_drawn() -> None:
    labels, preset = np.arange(400) % 2, np.where(np.arange(400) < 300, -1, 2)
    splits = assign_splits(labels, np.arange(400), seed=0, preset=preset)
    assert np.array_equal(splits == SplitName.AUDIT, preset == 2)
    assert (splits == SplitName.DEV).sum() == pytest.approx(300 * 15 / 85, abs=2)


WORDS = st.sampled_from(["good", "bad", "film", "play", "the", "a", "very"])


@given(st.lists(st.lists(WORDS, min_size=1, max_size=4).map(" ".join), min_size=25, max_size=60))
@settings(max_examples=25, deadline=None)
def test_no_near_duplicate_crosses_splits(texts: list[str]) -> None:
    texts = [*texts, *(f"{'x' * i} {'y' * i} {'z' * i}" for i in range(1, 40))]
    labels = np.arange(len(texts)) % 2
    groups, templated = leakage_groups(texts, labels)
    splits = assign_splits(labels, groups, seed=0)
    if templated:
        return
    for i, one in enumerate(texts):
        for j in range(i):
            assert splits[i] == splits[j] or not is_near_duplicate(one, texts[j])


def test_sentences_of_a_document_stay_together() -> None:
    texts = [f"{'p' * i} {'q' * i} {'r' * i}" for i in range(1, 31)]
    documents = [str(i // 5) for i in range(30)]
    groups, _ = leakage_groups(texts, np.arange(30) % 2, documents)
    assert len(np.unique(groups)) == 6
    texts[0] = texts[29]  # a sentence that two documents share joins them
    groups, _ = leakage_groups(texts, np.arange(30) % 2, documents)
    assert groups[0] == groups[29]
    assert len(np.unique(groups)) == 5


def test_a_template_is_divided_but_its_copies_are_not() -> None:
    texts = [f"a good film number {i // 2}" for i in range(40)]
    texts += [f"one bad play of the year {i // 2}" for i in range(40)]
    labels = np.repeat([0, 1], 40)
    groups, templated = leakage_groups(texts, labels)
    assert templated == 80
    assert len(np.unique(groups)) == 40
    assert groups[0] == groups[1]


@given(st.integers(0, 200), st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_apportioned_parts_sum_up_and_follow_the_weights(total: int, weights: list[int]) -> None:
    parts = apportion(total, weights)
    assert parts.sum() == total
    if sum(weights):
        assert np.all(abs(parts - total * np.array(weights) / sum(weights)) < 1)


@given(st.lists(st.integers(0, 3), min_size=10, max_size=100), st.data())
def test_labelled_texts_are_stratified(labels: list[int], data: st.DataObject) -> None:
    classes = np.array(labels)
    present, sizes = np.unique(classes, return_counts=True)
    count = data.draw(st.integers(len(present), len(labels)))
    marked = choose_labelled(classes, count, seed=3)
    assert marked.sum() == count
    for label, size in zip(present, sizes, strict=True):
        chosen = marked[classes == label].sum()
        assert 1 <= chosen <= size
        assert abs(chosen - count * size / len(labels)) <= len(present)


@pytest.mark.parametrize("count", [1, 11])
def test_labelled_must_fit(count: int) -> None:
    with pytest.raises(InvalidFieldError, match="choose 2 to 10"):
        choose_labelled(np.arange(10) % 2, count, seed=0)


def test_unusable_splits_are_refused() -> None:
    labels = np.arange(20) % 2
    with pytest.raises(InvalidDataError, match="no text is left for the dev split"):
        check_usable(np.zeros(20, dtype=np.int8), labels, name="x.csv", is_own=False)
    splits = np.where(labels == 0, 0, 1 + np.arange(20) // 2 % 2).astype(np.int8)
    with pytest.raises(InvalidDataError, match="only one class"):
        check_usable(splits, labels, name="x.csv", is_own=False)
