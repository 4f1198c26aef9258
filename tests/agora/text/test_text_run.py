"""Agora on texts: every sampler, labeler and space runs, resumes and keeps its promises."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bort.agora.loop import Round, agora, as_inputs
from bort.agora.text.data import load_texts
from bort.agora.text.world import text_world
from bort.core.errors import BortError, InvalidModelError, InvalidOptionError
from bort.core.serialise import from_json, to_json


def rounds_of(world, *, done=()):
    return [step.round for step in agora(world.task, world.parts, world.options, done=done)]


def world_of(spec):
    return text_world(spec, load_texts(spec))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"sampler": "edits"},
        {"sampler": "mix"},
        {"sampler": "retrieval", "hard_labels": True},
        {"representation": "student"},
        {"representation": "words", "sampler": "edits"},
        {"labeler": "probe", "temperature": 2.0},
        {"labeler": "sklearn:ComplementNB", "closing_steps": 20},
    ],
)
def test_points_lie_near_dev_errors_and_are_labelled(spec, change) -> None:
    world = world_of(replace(spec, **change))
    rounds = rounds_of(world)
    accepted = [p for r in rounds for p in r.accepted]
    assert len(accepted) == len({p.value for p in accepted}) > 5
    for r in rounds:
        for p in r.accepted:
            assert p.parent in r.wrong_dev
            assert p.distance is not None
            assert p.distance <= world.options.radius * (1 + 1e-9)
            assert sum(p.probabilities) == pytest.approx(1)
            assert p.label == int(np.argmax(p.probabilities))
    assert rounds[-1].ending is not None
    if change.get("sampler") == "retrieval":
        assert {p.value for p in accepted} <= set(world.pool.tolist())
        assert all(max(p.probabilities) == 1 for p in accepted)


@pytest.mark.parametrize(
    ("sampler", "space"),
    [("mixture", "source"), ("edits", "source"), ("mix", "source"), ("edits", "words")],
)
def test_a_resumed_run_is_the_uninterrupted_one_to_the_last_bit(spec, sampler, space) -> None:
    chosen = replace(spec, sampler=sampler, representation=space)
    whole = rounds_of(world_of(chosen))
    world = world_of(chosen)
    world.recall(whole[:1])
    assert whole[:1] + rounds_of(world, done=whole[:1]) == whole


def test_without_a_pool_edits_and_mixes_are_left(without_pool) -> None:
    rounds = rounds_of(world_of(without_pool))
    names = {p.sampler for r in rounds for p in r.points}
    assert names == {"token-edits", "mix-edits"}
    with pytest.raises(InvalidOptionError, match="pool"):
        world_of(replace(without_pool, sampler="retrieval"))


def test_a_planted_leak_is_refused_and_told(without_pool, place) -> None:
    task = load_texts(without_pool)
    leaked = [f"{text.replace(' ', '  ')} !" for text in task.audit.texts[:5]]
    leaked += [" ".join(["story", *text.split()[1:]]) for text in task.audit.texts[5:10]]
    (place / "more.csv").write_text("text\n" + "\n".join(leaked) + "\n", encoding="utf-8")
    pool = str(place / "more.csv")
    world = world_of(replace(without_pool, pool=pool, sampler="retrieval", radius=2.0))
    refused = world.parts.guard(as_inputs(leaked))
    assert refused == ["near-audit"] * 10
    assert set(leaked) == set(world.pool.tolist())
    rounds = rounds_of(world)
    taken = {p.value for r in rounds for p in r.accepted}
    assert not taken & set(leaked)
    proposed = {p.value for r in rounds for p in r.points}
    assert proposed & set(leaked)
    assert sum(r.refused.get("near-audit", 0) for r in rounds) > 0


def test_copies_of_dev_are_refused_and_near_ones_counted(spec) -> None:
    world = world_of(spec)
    dev = world.task.dev.inputs[0]
    near = " ".join(["scene", *dev.split()[1:]])
    assert world.parts.guard(as_inputs([dev.upper() + " ...", "quite another text"])) == [
        "copy-of-dev",
        None,
    ]
    assert world.observer.is_near_dev(as_inputs([near, "quite another text"])).tolist() == [
        True,
        False,
    ]


STRANGE = ["🙂 🙂", "مرحبا بالعالم", "word " * 1000, "a", "naïve café", "x\ty"]


@pytest.mark.parametrize("sampler", ["mixture", "edits", "mix"])
def test_strange_texts_do_no_harm(spec, place, sampler) -> None:
    lines = (place / "reviews.csv").read_text(encoding="utf-8").splitlines()[1:121]
    rows = []
    for number, line in enumerate(lines):
        text, label = line.rsplit(",", 1)
        rows.append(f'"{text} {STRANGE[number % len(STRANGE)]}",{label}')
    path = place / "strange.csv"
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    chosen = replace(spec, task=replace(spec.task, task=str(path), labelled=12), sampler=sampler)
    rounds = rounds_of(world_of(replace(chosen, radius=2.0, rounds=1)))
    assert rounds[-1].ending is not None


def test_a_labeler_with_other_labels_is_refused(spec, place) -> None:
    from transformers import BertConfig, BertForSequenceClassification

    config = BertConfig(
        vocab_size=33, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=8, num_labels=3,
    )  # fmt: skip
    folder = place / "three"
    BertForSequenceClassification(config).save_pretrained(folder)
    for name in ("vocab.txt", "tokenizer_config.json"):
        (folder / name).write_bytes((place / "source" / name).read_bytes())
    with pytest.raises(InvalidModelError, match="labels"):
        world_of(replace(spec, labeler=str(folder)))


def test_any_classifier_from_a_folder_labels(spec, place) -> None:
    own = world_of(spec).networks._oracle.teacher.folder
    world = world_of(replace(spec, labeler=str(own), sampler="edits"))
    texts = as_inputs(["the film was lovely and bright", "a dull awful plot"])
    labels = world.parts.labeler.label(texts, np.random.default_rng(0))
    assert labels.probabilities.sum(axis=1) == pytest.approx([1, 1])
    rounds_of(world)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"radius": 0.0}, "radius"),
        ({"radius": float("inf")}, "radius"),
        ({"sampler": "magic"}, "magic"),
        ({"labeler": "sklearn:os.system"}, "os.system"),
        ({"representation": "mind"}, "mind"),
        ({"minutes": -1.0}, "minutes"),
        ({"closing_steps": 0}, "closing"),
        ({"architecture": "9-9"}, "9-9"),
        ({"threshold": 2.0}, "threshold"),
    ],
)
def test_options_that_cannot_be(spec, change, message) -> None:
    with pytest.raises(BortError, match=message):
        world_of(replace(spec, **change))


def test_a_huge_radius_takes_everything(spec) -> None:
    rounds = rounds_of(world_of(replace(spec, radius=1e6, rounds=1)))
    assert "outside-radius" not in rounds[0].refused


def test_stored_rounds_survive_json(spec) -> None:
    rounds = rounds_of(world_of(replace(spec, rounds=1)))
    text = json.dumps(to_json(rounds))
    assert list(from_json(tuple[Round, ...], json.loads(text), what="the rounds")) == rounds


def test_word_vectors_tell_words_apart_and_forget_their_order(spec) -> None:
    world = world_of(replace(spec, representation="words"))
    texts = [
        "a lovely bright film",
        "film a bright lovely",
        "a lovely warm film",
        "a dull cold plot",
    ]
    vectors = world.space(as_inputs(texts))
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    distances = np.linalg.norm(vectors - vectors[0], axis=1)
    assert distances[1] == pytest.approx(0, abs=1e-6)
    assert distances[1] < distances[2] < distances[3]
    alone = world.space.peek(as_inputs(["a dull cold plot never seen"]))
    together = world.space.peek(as_inputs(["another", "a dull cold plot never seen"]))
    assert np.array_equal(alone[0], together[1])
