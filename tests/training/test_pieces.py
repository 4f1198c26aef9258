"""Vocabularies of any size: what they keep, how they read, and what never happens."""

import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from bort.cli.main import bort
from bort.core.errors import BortError, InvalidModelError, InvalidSpaceError
from bort.core.study import TaskSpec
from bort.tasks import Split, load_task
from bort.training.pieces import ASCII, piece_order, pruned, vocabulary_facts
from bort.training.source import source_network
from bort.training.tokens import encode_task, load_tokenizer

ROOT = Path(__file__).parents[2]

laws = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the home folder, unused here
)

SIZES = (400, 1000, 4000, 30_522)
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
TEXTS = (
    "The café's crème brûlée wasn't worth £5 — truly unforgettable, though!",
    "an uncharacteristically restrained, near-wordless thriller about antidisestablishmentarians",
    "Unbelievable!!! 10/10 would watch again; the director's 3rd film (2019) :-)",
    "日本語 und Übergrößenträger, naïve coöperation, e-mail: someone@example.com",
    "pneumonoultramicroscopicsilicovolcanoconiosis isn't a plot",
)


@pytest.fixture(scope="module")
def full():
    return load_tokenizer(source_network().folder)


@pytest.fixture(scope="module")
def real_task(place):
    """Sentences that people wrote: those of our documents, and some odd ones."""
    documents = [path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]
    sentences = [s.strip() for text in documents for s in re.split(r"[.\n]+", text) if s.strip()]
    return replace(
        load_task(TaskSpec(task=str(place / "reviews.csv"))),
        train=split_of(TEXTS + tuple(sentences[::2])),
        dev=split_of(sentences[1::4]),
        audit=split_of(sentences[3::4]),
    )


def split_of(texts):
    return Split(tuple(texts), None, np.zeros(len(texts), dtype=np.int64))


@pytest.fixture(scope="module")
def order(real_task, full):
    return piece_order(real_task, full)


def names(tokenizer, ids):
    return [tokenizer.id_to_token(int(i)) for i in ids]


def test_a_vocabulary_keeps_characters_special_tokens_and_the_most_used_pieces(order, full):
    kept = names(full, order.kept(SIZES[0]))
    assert len(kept) == SIZES[0]
    known = full.get_vocab()
    characters = ASCII | set("éüöß日本語—£".lower())
    for piece in (*SPECIAL, *characters, *(f"##{c}" for c in characters)):
        assert piece in kept or piece not in known
    assert {"the", "architecture", "model"} <= set(kept)
    assert not any(piece.startswith("[unused") for piece in kept)
    assert "ж" not in kept  # a character that does not occur
    assert "ж" not in names(full, order.kept(20_000))  # words the texts do not use come first


def test_smaller_vocabularies_are_parts_of_larger_ones(order, full):
    kept = [set(order.kept(size).tolist()) for size in SIZES]
    assert all(small < large for small, large in itertools.pairwise(kept))
    assert kept[-1] == set(full.get_vocab().values())


def test_dev_and_audit_have_no_say(real_task, full, order):
    other = split_of(["zebra quagga okapi"] * 5000)
    changed = piece_order(replace(real_task, dev=other, audit=other), full)
    assert changed.ids.tolist() == order.ids.tolist()
    unlabelled = piece_order(replace(real_task, pool=other), full)
    assert "zebra" in names(full, unlabelled.kept(SIZES[0]))
    assert "zebra" not in names(full, order.kept(SIZES[0]))


@pytest.mark.parametrize("size", SIZES)
def test_texts_of_kept_pieces_are_read_as_before(size, order, full):
    kept = order.kept(size)
    small = pruned(full, kept)
    unknown = full.token_to_id("[UNK]")
    words = [p for p in names(full, kept) if not p.startswith(("##", "["))]
    rng = np.random.default_rng(0)
    texts = [*TEXTS, *(" ".join(rng.choice(words, 12)) for _ in range(200))]
    same = 0
    for text in texts:
        before, after = full.encode(text).ids, small.encode(text).ids
        if np.isin(before, kept).all() and unknown not in before:
            same += 1
            assert kept[after].tolist() == before
    assert same >= 200


@laws
@given(data=st.data())
def test_texts_of_kept_characters_have_no_unknown_word(data, order, full):
    size = data.draw(st.sampled_from(SIZES[:3]))
    kept = order.kept(size)
    known = set(names(full, kept))
    characters = sorted(c for c in known if len(c) == 1 and f"##{c}" in known)
    words = st.text(st.sampled_from(characters), min_size=1, max_size=30)
    text = " ".join(data.draw(st.lists(words, min_size=1, max_size=10)))
    small = pruned(full, kept)
    assert small.token_to_id("[UNK]") not in small.encode(text).ids


def test_pairs_are_read_as_pairs(order, full):
    small = pruned(full, order.kept(SIZES[1]))
    kept = order.kept(SIZES[1])
    encoding = small.encode("the model", "a number")
    expected = full.encode("the model", "a number")
    assert kept[encoding.ids].tolist() == expected.ids
    assert encoding.type_ids == expected.type_ids


def test_facts(order, full):
    facts = [vocabulary_facts(full, order.kept(size), TEXTS) for size in SIZES]
    assert [f.size for f in facts] == list(SIZES)
    assert all(a.split >= b.split for a, b in itertools.pairwise(facts))
    assert all(a.long_length >= b.long_length for a, b in itertools.pairwise(facts))
    assert facts[0].split > facts[-1].split > 0
    assert all(f.unknown == 0 for f in facts)
    lengths = [len(e.ids) for e in full.encode_batch(list(TEXTS))]
    assert facts[-1].median_length == np.median(lengths)
    assert facts[-1].long_length == np.percentile(lengths, 95)
    strange = vocabulary_facts(full, order.kept(SIZES[0]), ["ййй film"])
    assert strange.unknown == 0.5
    pair = vocabulary_facts(full, order.kept(SIZES[-1]), [("the film", "a plot")])
    assert pair.median_length == len(full.encode("the film", "a plot").ids)


def test_a_task_is_read_with_a_vocabulary_of_its_own(real_task, full, order):
    source = source_network()

    def encode(size):
        kept = None if size is None else order.kept(size)
        return encode_task(
            real_task,
            source.folder,
            digest=source.digest,
            max_length=None,
            longest=512,
            pieces=kept,
        )

    whole, small = encode(None), encode(400)
    assert small.kept.tolist() == order.kept(400).tolist()
    assert small.max_length > whole.max_length  # split words make longer texts
    assert full.id_to_token(int(small.kept[small.padding])) == "[PAD]"
    tokenizer = pruned(full, order.kept(400))
    tokenizer.enable_truncation(small.max_length)
    for row, text in enumerate(real_task.dev.texts[:50]):
        ids = small.splits["dev"].select(np.array([row])).flat
        assert ids.tolist() == tokenizer.encode(text).ids
    again = encode(400)
    assert again.splits["train"].flat.tolist() == small.splits["train"].flat.tolist()
    assert again.max_length == small.max_length


def test_the_command_tells_what_each_vocabulary_does(place, tmp_path):
    path = tmp_path / "words.toml"
    path.write_text('family = "static"\n[dimensions]\nvocabulary = [200, 1000]\nhidden = [8]\n')
    asked = ["space", "show", str(path), "--task", str(place / "reviews.csv")]
    answer = CliRunner().invoke(bort, [*asked, "--json"], catch_exceptions=False)
    small, large = json.loads(answer.output)["vocabularies"]
    assert (small["size"], large["size"]) == (200, 1000)
    assert small["unknown"] == large["unknown"] == large["split"] == 0.0
    printed = CliRunner().invoke(bort, asked, catch_exceptions=False).output
    assert "words split" in printed
    assert f"{large['median_length']:g}" in printed
    path.write_text('family = "static"\n[dimensions]\nvocabulary = [20]\nhidden = [8]\n')
    with pytest.raises(InvalidSpaceError, match="a vocabulary of 20 is impossible"):
        CliRunner().invoke(bort, asked, catch_exceptions=False)


STATIC = '[[families]]\nfamily = "static"\n[families.dimensions]\nvocabulary = [{}]\nhidden = [8]\n'
BERT = "depth = [1]\nheads = [1]\nhidden = [8]\nintermediate = [8]\n"


@pytest.mark.parametrize(
    ("text", "size", "said"),
    [
        (STATIC.format("28, 36"), "parameters", "has only 35 tokens; list 35 or less"),
        (STATIC.format("3, 28"), "parameters", "a vocabulary of 3 is impossible for this task"),
        (STATIC.format("28") * 2, "parameters", "family 'static' is listed twice"),
        (f'family = "distilbert"\n[dimensions]\n{BERT}', "bytes-int8", "have no closed form"),
        (STATIC.format("35, 28"), "bytes-int8", None),  # values are sorted
    ],
)
def test_a_search_refuses_an_impossible_space_in_one_line(place, tmp_path, text, size, said):
    (tmp_path / "odd.toml").write_text(text, encoding="utf-8")
    asked = ["search", "--space", str(tmp_path / "odd.toml"), "--size", size, "--plan"]
    asked += ["--task", str(place / "reviews.csv"), "--source", str(place / "source")]
    answer = CliRunner().invoke(bort, asked)
    if said is None:
        assert answer.exit_code == 0, answer.exception
        return
    assert isinstance(answer.exception, BortError)
    assert said in str(answer.exception)
    assert "\n" not in str(answer.exception)


@pytest.mark.parametrize("size", [3, 30_523])
def test_impossible_sizes_are_one_clear_line(size, order):
    with pytest.raises(InvalidSpaceError, match=rf"a vocabulary of {size} is impossible") as caught:
        order.kept(size)
    assert "30522" in str(caught.value)


def test_a_vocabulary_without_characters_still_works(task, source):
    tokenizer = load_tokenizer(source.folder)
    order = piece_order(task, tokenizer)
    assert order.always == len(SPECIAL) + 1  # and the word "a"
    small = pruned(tokenizer, order.kept(20))
    assert small.get_vocab_size() == 20


def test_other_kinds_of_tokenizers_are_refused(task):
    with pytest.raises(InvalidModelError, match="of type Unigram, but only WordPiece"):
        piece_order(task, Tokenizer(models.Unigram([("a", 0.0)], unk_id=0)))
