import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.tasks import near_duplicates
from bort.tasks.near_duplicates import (
    NearDuplicateIndex,
    allowed_differences,
    is_near_duplicate,
    normalise,
)

# Few words, so that near-duplicates occur; texts of up to 33, so that up to 3 may differ.
WORDS = st.sampled_from(["a", "b", "c", "d", "e", "Rare", "x!", "don't"])
SHORT_TEXTS = st.lists(WORDS, min_size=0, max_size=5).map(" ".join)


@st.composite
def families_of_texts(draw: st.DrawFn) -> list[str]:
    """Short texts, and long ones with some edited copies."""
    texts = draw(st.lists(SHORT_TEXTS, max_size=12))
    for _ in range(draw(st.integers(0, 2))):
        tokens = draw(st.lists(WORDS, min_size=15, max_size=33))
        texts.append(" ".join(tokens))
        for _ in range(draw(st.integers(1, 3))):
            copy = list(tokens)
            for _ in range(draw(st.integers(0, 5))):
                place = draw(st.integers(0, len(copy) - 1))
                edit = draw(st.sampled_from(["insert", "delete", "replace"]))
                if edit == "insert":
                    copy.insert(place, draw(WORDS))
                elif edit == "delete":
                    del copy[place]
                else:
                    copy[place] = draw(WORDS)
            texts.append(" ".join(copy))
    return draw(st.permutations(texts))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("A fine film.", "a   FINE film!!", True),
        ("don't stop", "dont stop", True),
        ("a fine film", "a dull film", True),
        ("a fine film", "a dull play", False),
        ("fine", "dull", False),  # nothing is shared
        ("fine", "fine film", True),
        (":-)", ":-(", False),
        ("", "fine", False),
        (" ".join("abcdefghijklmnopqrst"), " ".join("abcdefghijklmnopqrXY"), True),
        (" ".join("abcdefghijklmnopqrs"), " ".join("abcdefghijklmnopqXY"), False),
    ],
)
def test_definition(first: str, second: str, expected: bool) -> None:
    assert is_near_duplicate(first, second) is expected
    assert is_near_duplicate(second, first) is expected


def test_normalising_keeps_what_scripts_need() -> None:
    assert normalise("\uff21bc\u00a0D\u00c9") == ("abc", "dé")  # full width, no-break space
    assert normalise("映画は") == ("映", "画", "は")
    assert normalise("\u200b \t") == ("\u200b",)  # nothing but a zero-width space
    assert normalise(" ") == ()


@given(families_of_texts())
@settings(max_examples=60, deadline=None)
def test_the_index_finds_exactly_what_comparing_all_pairs_finds(texts: list[str]) -> None:
    half = len(texts) // 2
    expected = [
        tuple(i for i, known in enumerate(texts[:half]) if is_near_duplicate(text, known))
        for text in texts[half:]
    ]
    assert NearDuplicateIndex(texts[:half]).matches(texts[half:]) == expected


@given(families_of_texts())
@settings(max_examples=60, deadline=None)
def test_groups_are_the_connected_near_duplicates(texts: list[str]) -> None:
    expected = np.arange(len(texts))
    for i, one in enumerate(texts):
        for j, other in enumerate(texts[:i]):
            if is_near_duplicate(one, other):
                expected[expected == expected[i]] = expected[j]
    found = NearDuplicateIndex(texts).groups()
    assert np.array_equal(found[:, None] == found[None, :], expected[:, None] == expected[None, :])


@given(st.integers(0, 500), st.integers(0, 60))
def test_what_may_differ_grows_no_faster_than_the_text(length: int, more: int) -> None:
    # The prefix filter relies on it.
    grown = allowed_differences(length + more) - allowed_differences(length)
    assert 0 <= grown <= more


def test_a_large_template_is_grouped_without_comparing_all_pairs() -> None:
    texts = [f"the order number {i} was sent" for i in range(5000)]
    assert NearDuplicateIndex(texts).groups().max() == 0


def test_long_texts_that_share_many_rare_words_are_compared_once(monkeypatch) -> None:
    compared = []
    close = near_duplicates._is_close

    def counting(one, other) -> bool:
        compared.append((one, other))
        return close(one, other)

    monkeypatch.setattr(near_duplicates, "_is_close", counting)
    words = [f"word{number}" for number in range(400)]
    texts = [" ".join(words[start:] + words[:start]) for start in range(0, 400, 50)]
    assert len(set(NearDuplicateIndex(texts).groups().tolist())) == 8
    assert len(compared) == 8 * 7 // 2


def test_a_book_in_one_cell_is_read_in_seconds() -> None:
    began = time.perf_counter()
    index = NearDuplicateIndex(["x " * 200_000, "a short text of a few words"])
    assert index.groups().tolist() == [0, 1]
    assert time.perf_counter() - began < 20  # 0.5 s; with a square of its words, minutes
