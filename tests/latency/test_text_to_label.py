"""The time from text to label: the lengths of each vocabulary, and what is timed."""

import contextlib
import json
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tiny
import torch
from fake_machine import QUIET, FakeMachine, Others

from bort.core.errors import InvalidOptionError, InvalidProfileError
from bort.core.study import LatencySpec, StudySpec, TaskSpec, TrainingSpec
from bort.families import FamilySpace, UnionSpace, vocabulary_sizes_of
from bort.latency import stored
from bort.latency.profile import LatencyProfile
from bort.latency.protocol import Protocol
from bort.latency.runtimes import open_runtime
from bort.latency.runtimes.text import TextRuntime, opening_texts
from bort.latency.space import measure
from bort.latency.stored import profile_key, reusable_profile, study_profile
from bort.latency.timing import Instruments
from bort.latency.workload import Blueprint, TextSource, Workload
from bort.storage import open_store
from bort.studies.costs import Costs
from bort.studies.measuring import describe_measurement
from bort.training import text_work as text_work_module
from bort.training.source import source_network
from bort.training.text_work import text_source, text_work

SPACE = FamilySpace(
    "s", "static", {"vocabulary": (100, 200), "hidden": (4, 8, 16, 32)}, {"labels": 2}
)
READ = {"100": (6, 12), "200": (4, 8)}
WORK = Workload(2, 6, 1, lengths=(4, 8), lengths_from="reviews", by_vocabulary=READ)


@pytest.fixture
def texts(tmp_path, monkeypatch):
    """The reviews of a tiny task, as two vocabularies of a tiny source read them."""
    source = source_network(str(tiny.write_source(tmp_path / "source")))
    monkeypatch.setattr(text_work_module, "source_network", lambda *_given: source)
    task = TaskSpec(task=str(tiny.write_task(tmp_path / "reviews.csv", rows=200)))
    space = FamilySpace("s", "static", {"vocabulary": (28, 35), "hidden": (4, 8, 12, 16)})
    return lambda batch_size: (space, text_work(task, space, batch_size=batch_size))


def test_terms_follow_the_lengths_of_the_own_vocabulary():
    terms = WORK.terms(SPACE)
    small, hidden = SPACE.columns["vocabulary"] == 100, SPACE.columns["hidden"]
    assert terms["tokens"].tolist() == [18.0] * 4 + [12.0] * 4  # 2 texts of 9 or 6 tokens
    assert np.array_equal(terms["embedding"], 2 * np.where(small, 9, 6) * hidden)
    alone = replace(WORK, by_vocabulary={}).terms(SPACE)
    assert "tokens" not in alone
    assert np.array_equal(alone["embedding"], 2 * 6 * hidden)
    assert [one.sequence_length for one in WORK.passes_for(100)] == [6, 12]
    assert [one.sequence_length for one in WORK.passes_for(1000)] == [4, 8]  # a reference model
    assert (WORK.longest, str(WORK).split(",")[0]) == (12, "text to label")


def test_families_of_one_space_read_with_their_own_vocabularies():
    lists = {"depth": (1,), "heads": (1,), "hidden": (8,), "intermediate": (8,)}
    both = UnionSpace(
        "both",
        (
            FamilySpace("b", "static", {"vocabulary": (100, 200), "hidden": (4,)}),
            FamilySpace("b", "bert", lists, {"vocabulary": 200}),
        ),
    )
    assert both.vocabulary_sizes.tolist() == [100, 200, 200]
    terms = WORK.terms(both)
    assert terms["tokens"].tolist() == [18.0, 12.0, 12.0]
    assert terms["static.embedding"].tolist() == [2 * 9 * 4, 2 * 6 * 4, 0]
    rows = [both.architecture(index).as_dict() for index in range(3)]
    assert vocabulary_sizes_of(both.family_name, both.fixed, rows).tolist() == [100, 200, 200]
    one = both.parts[0]
    rows = [one.architecture(index).as_dict() for index in range(2)]
    assert vocabulary_sizes_of("static", one.fixed, rows).tolist() == [100, 200]


def test_another_vocabulary_is_refused_in_one_line():
    other = FamilySpace("o", "static", {"vocabulary": (100, 300), "hidden": (4,)})
    with pytest.raises(InvalidProfileError, match="vocabularies of 100, 200 pieces, not with 300"):
        WORK.terms(other)


def test_tokenizer_padding_network_and_softmax_are_run(texts):
    _, work = texts(4)
    done = []

    class Network:
        def prepare(self, blueprint):
            def run():
                done.append(blueprint.vocabulary)
                return [SimpleNamespace(logits=torch.tensor([[0.0, np.log(3.0)]])), [np.ones(2)]]

            return run

        def close(self):
            done.append("closed")

    runtime = TextRuntime(Network(), work, threads=1)
    fits = FamilySpace("s", "static", {"vocabulary": (28,), "hidden": (4,)})
    read, shares = runtime.prepare(Blueprint(fits.family, fits.architecture(0)))()
    assert np.allclose(shares[0], [[0.25, 0.75]])
    assert np.allclose(shares[1], [[0.5, 0.5]])
    lengths = work.workload(1).by_vocabulary["28"]
    for (ids, mask), batch, length in zip(read, work.batches, lengths, strict=True):
        assert ids.shape == mask.shape == (4, length)
        expected = [work.tokenizers[28].encode(text).ids for text in batch]
        assert [
            row[row_mask == 1].tolist() for row, row_mask in zip(ids, mask, strict=True)
        ] == expected
    many = TextRuntime(Network(), work, threads=2)
    again, _ = many.prepare(Blueprint(fits.family, fits.architecture(0)))()
    assert all(np.array_equal(a, b) for a, b in zip(read, again, strict=True))
    alone = FamilySpace("r", "static", {"vocabulary": (1000,), "hidden": (4,)})
    assert len(runtime.prepare(Blueprint(alone.family, alone.architecture(0)))()) == 2
    runtime.close()
    assert done == [28, 28, 1000, "closed"]


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_space_is_measured_and_predicted_from_text_to_label(texts, batch_size):
    space, work = texts(batch_size)
    tools = Instruments(
        open_runtime=opening_texts(work, open_runtime),
        read_noise=lambda *_given: QUIET,
        watch_others=lambda: Others(0.0),
        settle=lambda _stop: None,
        hold=lambda _stop, _wait, _step: contextlib.nullcontext(),
        protocol=Protocol(budget_seconds=0.1, min_rounds=3, max_rounds=3, limit_seconds=0.1),
        clock=time.perf_counter,
        paces=None,
    )
    spec = LatencySpec(threads=1, batch_size=batch_size)
    for step in measure(space, spec, count=8, lengths=work, instruments=tools):
        found = step.result
    assert found is not None
    content = json.dumps(found.to_dict())
    assert not any(text in content for batch in work.batches for text in batch)
    profile = LatencyProfile.from_dict(json.loads(content))
    assert profile.workload == found.workload
    lengths = profile.workload.by_vocabulary
    assert all(a >= b for a, b in zip(lengths["28"], lengths["35"], strict=True))
    assert len(lengths["28"]) == 8
    assert (profile.predict(space).median_ms > 0).all()
    problem = Costs(space, profile, TrainingSpec()).problem
    assert problem.latency_elasticity is None


class Silent:
    """A runtime of the fake machine whose networks have no outputs."""

    def __init__(self, inner):
        self._inner, self.close = inner, inner.close

    def prepare(self, blueprint):
        run = self._inner.prepare(blueprint)
        return lambda: run() or []


def test_a_search_from_text_to_label_measures_once_per_texts(texts, tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "search_count", lambda _: 8)
    space, work = texts(1)
    spec, read = LatencySpec(threads=1, text_to_label=True), []
    tools = FakeMachine().instruments
    tools = replace(
        tools, open_runtime=lambda *given, _open=tools.open_runtime: Silent(_open(*given))
    )

    def ask(store, digest):
        source = TextSource(digest, lambda: read.append(digest) or work)
        return study_profile(store, space, spec, texts=source, instruments=tools)

    with open_store(f"sqlite:///{tmp_path / 'bort.db'}") as store:
        first = ask(store, "these")
        assert first.workload == work.workload(1)
        assert ask(store, "these") == first
        assert ask(store, "others") != first
        assert read == ["these", "others"]
        assert reusable_profile(store, profile_key(space, spec)) is None
        alone = study_profile(store, space, replace(spec, text_to_label=False), instruments=tools)
        with pytest.raises(InvalidProfileError, match="times the network alone"):
            study_profile(store, space, replace(spec, profile=alone.name))


def test_the_key_of_texts_follows_the_task_and_where_it_is_cut(tmp_path):
    reviews = TaskSpec(task=str(tiny.write_task(tmp_path / "reviews.csv", rows=200)))
    study = StudySpec(
        name="s", space=SPACE.to_dict(), task=reviews, latency=LatencySpec(text_to_label=True)
    )
    digests = {
        text_source(one).digest
        for one in (
            study,
            replace(study, task=replace(reviews, labelled=60)),
            replace(study, training=TrainingSpec(max_length=8)),
            replace(study, training=TrainingSpec(source="elsewhere")),
        )
    }
    assert len(digests) == 4
    assert text_source(replace(study, latency=LatencySpec())) is None


def test_texts_are_needed():
    with pytest.raises(InvalidOptionError, match="name the task that they are from with --lengths"):
        describe_measurement(SimpleNamespace(), SPACE, {"text_to_label": True})
