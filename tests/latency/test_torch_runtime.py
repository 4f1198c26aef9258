"""PyTorch itself: a tiny real measurement, and weights that blueprints can safely share."""

import itertools
import time

import pytest

from bort.core.architecture import Architecture
from bort.families import FamilySpace, family
from bort.latency import noise
from bort.latency.noise import OthersShare, settle
from bort.latency.protocol import Protocol
from bort.latency.runtimes import open_runtime
from bort.latency.workload import Blueprint, Workload

torch = pytest.importorskip("torch")

FIXED = {"vocabulary": 50, "positions": 16, "types": 2, "labels": 3}
WORKLOAD = Workload(batch_size=2, sequence_length=8, threads=1)


def blueprint(depth=2, hidden=32):
    architecture = Architecture.of(depth=depth, heads=2, hidden=hidden, intermediate=48)
    return Blueprint(family("bert"), architecture, FIXED)


@pytest.fixture(params=["torch-float32", "torch-bfloat16", "torch-int8"])
def runtime(request):
    before = torch.get_num_threads()
    runtime = open_runtime(request.param, WORKLOAD)
    yield runtime
    runtime.close()
    assert torch.get_num_threads() == before


def test_a_forward_pass_is_real(runtime):
    assert torch.get_num_threads() == 1
    logits = runtime.prepare(blueprint())()[0].logits
    assert logits.shape == (2, 3)
    assert torch.isfinite(logits.float()).all()
    assert logits.is_inference()


def test_candidates_share_memory_but_not_within_themselves():
    runtime = open_runtime("torch-float32", WORKLOAD)
    large, small = runtime.build(blueprint(depth=3)), runtime.build(blueprint(depth=1))
    runtime.close()
    spans = sorted(
        (p.data_ptr(), p.data_ptr() + p.numel() * p.element_size()) for p in large.parameters()
    )
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(spans))
    assert all(begin % 64 == spans[0][0] % 64 for begin, _ in spans)
    storages = {p.untyped_storage().data_ptr() for m in (large, small) for p in m.parameters()}
    assert len(storages) == 1
    assert not any(p.requires_grad for p in large.parameters())
    assert not large.training


def test_the_built_model_is_the_architecture():
    runtime = open_runtime("torch-float32", WORKLOAD)
    model = runtime.build(blueprint())
    runtime.close()
    plain = family("bert").build(blueprint().architecture, FIXED)
    assert [(n, p.shape) for n, p in model.named_parameters()] == [
        (n, p.shape) for n, p in plain.named_parameters()
    ]
    assert dict(model.named_buffers())["bert.embeddings.position_ids"].tolist() == [list(range(16))]


def test_a_tiny_space_is_measured_for_real(monkeypatch, tmp_path):
    from dataclasses import replace

    from bort.core.study import LatencySpec
    from bort.latency.space import measure
    from bort.latency.timing import Instruments

    monkeypatch.setattr("bort.core.locks.lock_path", lambda: tmp_path / "lock")
    space = FamilySpace(
        "tiny",
        "bert",
        {"depth": (1, 4), "heads": (2,), "hidden": (16, 64), "intermediate": (32, 256)},
        FIXED,
    )
    tools = replace(
        Instruments(),
        protocol=Protocol(budget_seconds=0.1, min_rounds=2, timed_runs=3, warm_up_runs=1),
        settle=lambda should_stop: None,
    )
    spec = LatencySpec(sequence_length=8, threads=1)
    *_, last = measure(space, spec, count=8, instruments=tools)
    profile = last.result
    assert profile.rounds >= 2
    assert all(0 < m.latency.median_ms < 10_000 for m in profile.measurements)
    deep = profile.predict(space).median_ms[space.columns["depth"] == 4]
    shallow = profile.predict(space).median_ms[space.columns["depth"] == 1]
    assert (deep > shallow).all()


def test_work_of_our_own_is_not_others(monkeypatch):
    readings = iter([(100.0, 40.0, 1000.0), (110.0, 48.0, 1020.0), (109.0, 50.0, 1020.0)])
    monkeypatch.setattr(noise, "_cpu_seconds", lambda: next(readings))  # busy, own, total
    others = OthersShare()
    assert others.read() == pytest.approx(0.1)  # busy 10 of 20 seconds, 8 of them ours
    assert others.read() == 0.0  # the counters tick separately


def test_one_run_is_a_pass_of_every_length():
    workload = Workload(2, 6, 1, lengths=(4, 8), lengths_from="task")
    runtime = open_runtime("torch-float32", workload)
    outputs = runtime.prepare(blueprint())()
    runtime.close()
    assert [output.logits.shape for output in outputs] == [(2, 3), (2, 3)]


def test_settling_can_be_stopped():
    begun = time.monotonic()
    settle(lambda: True, seconds=60)
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "name", ["roberta", "distilbert", "gpt2", "vit", "static", "convolution", "mlp"]
)
def test_families_bring_their_own_inputs(name):
    kind = family(name)
    sizes = {"depth": 1, "heads": 2, "hidden": 32, "intermediate": 48}
    sizes |= {"vocabulary": 50, "channels": 16, "width": 3}
    architecture = Architecture.of(**{key: sizes[key] for key in kind.dimension_names})
    small = {"vocabulary": 50} if "vocabulary" in kind.defaults else {}
    runtime = open_runtime("torch-float32", WORKLOAD)
    (output,) = runtime.prepare(Blueprint(kind, architecture, small))()
    runtime.close()
    assert getattr(output, "logits", output).shape[0] == WORKLOAD.batch_size
