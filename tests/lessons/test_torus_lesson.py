"""Lesson 6: the recorded rounds are those of the product's Agora, and unpack to what they say."""

import base64

import numpy as np
import pytest

from benchmarks.lessons import torus
from bort.agora.loop import agora
from bort.agora.torus.world import torus_world, true_class
from bort.core.agora import TORUS_LABELERS, TORUS_LEARNERS, TorusSpec
from bort.lessons.recorded import read
from bort.lessons.torus.numbers import CLOSE, WHOLE, numbers


@pytest.fixture(scope="module")
def recorded() -> dict:
    return read("torus")


def unpacked(text: str, count: int) -> np.ndarray:
    packed = np.frombuffer(base64.b64decode(text), dtype=np.uint8)
    return np.unpackbits(packed)[:count].astype(np.int64)


def test_the_first_rounds_are_recorded_as_agora_runs_them(recorded: dict) -> None:
    spec = TorusSpec(learner="knn", labeler="oracle", radius=CLOSE, rounds=torus.ROUNDS)
    frames = recorded["runs"][torus.key(spec)]["agora"]
    world = torus_world(spec)
    rounds = agora(world.task, world.parts, world.options)
    first = next(rounds)
    assert torus.frame(world, first) == frames[0]
    summary = world.observer.summary(first, world.options)
    assert [*summary.betti] == frames[0]["betti"]
    assert summary.audit_error == pytest.approx(frames[0]["audit"][0], abs=1e-5)
    assert torus.frame(world, next(rounds)) == frames[1]


def test_random_points_are_as_many(recorded: dict) -> None:
    for run in recorded["runs"].values():
        assert [one["size"] for one in run["random"]] == [one["size"] for one in run["agora"]]
        sizes = [one["size"] for one in run["agora"]]
        added = [one["added"] for one in run["agora"]]
        assert np.diff(sizes).tolist() == added[:-1]


def test_every_choice_is_recorded(recorded: dict) -> None:
    chosen = [
        torus.key(TorusSpec(learner=learner, labeler=labeler, radius=radius))
        for learner in TORUS_LEARNERS
        for labeler in TORUS_LABELERS
        for radius in torus.RADII
    ]
    assert sorted(recorded["runs"]) == sorted(chosen)


def test_the_betti_numbers_can_be_counted_in_the_diagrams(recorded: dict) -> None:
    for run in recorded["runs"].values():
        for one in [*run["agora"], *run["random"]]:
            for text, betti in zip(one["diagrams"], one["betti"], strict=True):
                pairs = np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(-1, 2)
                birth, death = (pairs.astype(float) / (torus.NEVER - 1) * torus.LONGEST).T
                lasts = death - np.maximum(birth, one["spacing"])
                slack = torus.LONGEST / torus.NEVER
                limit = one["gap"] * one["spacing"]
                assert np.sum(lasts > limit + slack) <= betti <= np.sum(lasts > limit - slack) + 1


def test_the_surface_is_the_learners_decision(recorded: dict) -> None:
    spec = TorusSpec(learner="knn", labeler="oracle", radius=CLOSE, rounds=torus.ROUNDS)
    last = recorded["runs"][torus.key(spec)]["agora"][-1]
    points = torus.grid_points()
    wrong = unpacked(last["surface"], len(points)) != true_class(points)
    assert wrong.mean() == pytest.approx(last["audit"][0], abs=0.02)


def test_the_words_are_true(recorded: dict) -> None:
    found = numbers()
    assert found["noise"] == 0.1  # "wrong one time in ten"
    assert found["missing"] == 360 / 3  # "a third of the ring"
    assert found["first"]["betti"] == [1, 1, 0]
    assert found["last"]["betti"] == list(WHOLE)
    assert found["last"]["audit"][0] < 0.2 * found["first"]["audit"][0]
    assert found["last"]["audit"][0] < found["random_last"]["audit"][0]
    teachers = found["teachers"]
    assert teachers["random_features"]["audit"][0] > 5 * teachers["noisy_oracle"]["audit"][0]
    closed = [
        recorded["runs"][f"random-guesser {labeler} 1.5"]["agora"][-1]["betti"]
        for labeler in TORUS_LABELERS
    ]
    assert closed == [list(WHOLE)] * len(TORUS_LABELERS)
    apart = found["apart"]["knn"]
    assert apart["audit"] > 5 * apart["dev"]
    assert apart["points"] > 3 * abs(apart["random_points"])
