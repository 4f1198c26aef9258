import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bort.core.errors import InvalidModelError
from bort.core.study import TaskSpec
from bort.tasks import Split, Task, load_task
from bort.training.loop import evaluation_batches, training_batches
from bort.training.tokens import Tokens, encode_task, unknown_share

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=200)


def ragged(texts):
    starts = np.concatenate([[0], np.cumsum([len(t) for t in texts])])
    flat = np.concatenate([np.asarray(t) for t in texts])
    return Tokens(flat.astype(np.int32), starts, np.array([len(t) for t in texts], dtype=np.int32))


@given(LENGTHS, st.integers(1, 8), st.integers(0, 9))
def test_a_pass_shows_every_row_once(lengths, batch_size, seed):
    batches = training_batches(np.array(lengths), batch_size, np.random.default_rng(seed))
    seen: list[int] = []
    while len(seen) < len(lengths):
        batch = next(batches)
        assert len(batch) <= batch_size
        seen += batch.tolist()
    assert sorted(seen) == list(range(len(lengths)))


def test_batches_hold_texts_of_like_length_in_random_order():
    lengths = np.random.default_rng(0).integers(5, 60, size=2000)
    batches = training_batches(lengths, 32, np.random.default_rng(0))
    first = [next(batches) for _ in range(60)]
    padded = sum(lengths[rows].max() * len(rows) for rows in first)
    assert padded < 1.08 * sum(lengths[rows].sum() for rows in first)
    means = [lengths[rows].mean() for rows in first]
    assert means != sorted(means)


def test_the_same_seed_gives_the_same_batches():
    lengths = np.arange(1, 100)
    runs = [training_batches(lengths, 7, np.random.default_rng(3)) for _ in range(2)]
    for _ in range(40):
        assert np.array_equal(*(next(run) for run in runs))


def test_nothing_to_train_on_is_an_error():
    with pytest.raises(ValueError, match="nothing to train on"):
        next(training_batches(np.array([], dtype=int), 4, np.random.default_rng(0)))


@given(LENGTHS, st.integers(1, 40))
def test_evaluation_shows_every_row_once_within_the_token_limit(lengths, limit):
    lengths = np.array(lengths)
    batches = list(evaluation_batches(lengths, limit))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(len(rows) == 1 or len(rows) * lengths[rows].max() <= limit for rows in batches)


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=5), min_size=1, max_size=9))
def test_padding_and_selection_keep_the_texts(texts):
    tokens = ragged(texts)
    rows = np.arange(len(texts))[::-1]
    for row, padded in zip(rows, tokens.padded(rows, padding=0), strict=True):
        assert [int(t) for t in padded if t] == texts[row]
    chosen = tokens.select(rows)
    assert [chosen.padded(np.array([i]), padding=0)[0].tolist() for i in range(len(rows))] == [
        texts[row] for row in rows
    ]


def test_a_task_is_encoded_over_its_own_tokens(task, encoded):
    assert set(encoded.splits) == {"train", "dev", "audit"}
    assert len(encoded.splits["dev"]) == len(task.dev)
    assert all(tokens.lengths.max() <= encoded.max_length for tokens in encoded.splits.values())
    assert all(tokens.flat.max() < len(encoded.kept) for tokens in encoded.splits.values())
    assert encoded.kept[encoded.padding] == 0


def test_a_cached_encoding_is_the_same(task, source, encoded):
    again = encode_task(task, source.folder, digest=source.digest, max_length=None, longest=32)
    assert np.array_equal(again.kept, encoded.kept)
    assert np.array_equal(again.splits["train"].flat, encoded.splits["train"].flat)


def test_pairs_are_told_apart_and_cut_to_length(source):
    labels = np.array([0, 1])
    split = Split(("fine film", "dull"), ("a very dull plot", "the song"), labels)
    pairs = Task("pairs", "Pairs", ("a", "b"), split, split, split, None, {})
    encoded = encode_task(pairs, source.folder, digest="x", max_length=6, longest=32)
    tokens = encoded.splits["train"]
    assert tokens.lengths.tolist() == [6, 6]
    assert tokens.first.tolist() == [3, 3]  # [CLS] fine [SEP] a very [SEP]


def test_more_tokens_than_positions_are_refused(task, source):
    with pytest.raises(InvalidModelError, match="max length 99 is not between 4 and"):
        encode_task(task, source.folder, digest=source.digest, max_length=99, longest=32)


def test_a_folder_without_a_tokenizer_is_refused(task, tmp_path):
    with pytest.raises(InvalidModelError, match=r"no tokenizer\.json"):
        encode_task(task, tmp_path, digest="none", max_length=None, longest=32)


def test_the_share_of_unknown_tokens_leaves_special_ones_out(place, tmp_path, source):
    lines = [f"fine dull film plot unheard{i},{i % 2}" for i in range(60)]
    (tmp_path / "odd.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    task = load_task(TaskSpec(task=str(tmp_path / "odd.csv")))
    encoded = encode_task(task, source.folder, digest=source.digest, max_length=None, longest=32)
    assert unknown_share(encoded, source.folder) == pytest.approx(1 / 5)
