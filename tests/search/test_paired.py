"""Claims about the population: paired comparisons are valid, tighter, and can be re-checked."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bort.core.evaluation import Evaluation
from bort.core.question import Question
from bort.search import (
    Observation,
    SearchProblem,
    SearchStep,
    certified_search,
    observation_of,
    solve,
)
from bort.search.check.certificate import certificate_of, digests
from bort.search.check.verify import verify
from bort.search.comparison import comparison_for
from bort.search.comparison.by_pair import log_ratio_bound
from bort.search.facts import SeedNoise

laws = settings(max_examples=6, deadline=None, derandomize=True)


class Networks:
    """Architectures on a line; each gets the examples wrong that are too hard for it."""

    def __init__(self, seed: int, *, count=12, n=4000, seeds=1, choices=1, is_paired=True) -> None:
        rng = np.random.default_rng(seed)
        depth = np.arange(1, count + 1)
        x = np.log(depth)[:, None].astype(float)
        self.problem = SearchProblem(
            ("depth",), x, depth * 10.0, depth + 1.0, choices=choices, is_paired=is_paired
        )
        self.errors = 0.3 * np.exp(-0.1 * x[:, 0])  # in the population
        hardness = rng.random(n)
        # Correlated: a common hardness, and a little luck for each network.
        luck = rng.normal(scale=0.02, size=(count, seeds, n))
        limit = np.quantile(rng.random(10**5) + rng.normal(scale=0.02, size=10**5), self.errors)
        self.wrong = hardness + luck < limit[:, None, None]
        self.n = n

    def evaluations(self, index: int) -> list[Evaluation]:
        return [
            Evaluation(w.mean(), 0.0, self.n, seed=s, wrong_items=np.packbits(w).tobytes())
            for s, w in enumerate(self.wrong[index])
        ]

    def observe(self, question: Question):
        population = self.problem.population(question.confidence)
        return lambda index: observation_of(self.evaluations(index), population=population)

    def search(self, question: Question) -> list[SearchStep]:
        return list(certified_search(self.problem, self.observe(question), question=question))


@pytest.mark.parametrize("alpha", [0.2, 0.05])
def test_the_ratio_of_two_networks_is_bounded_at_the_confidence(alpha: float) -> None:
    rng, n, runs = np.random.default_rng(0), 300, 2000
    for shares in ([0.15, 0.05, 0.05], [0.02, 0.10, 0.04], [0.0, 0.2, 0.1], [0.25, 0.01, 0.03]):
        counts = rng.multinomial(n, [*shares, 1 - sum(shares)], size=runs)
        bound = log_ratio_bound(*counts[:, :3].T, alpha=alpha)
        truth = np.log((shares[0] + shares[1]) / (shares[0] + shares[2]))
        missed = float((bound < truth).mean())
        assert missed <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / runs)
        assert np.isfinite(bound).all()  # so the bound is not trivial


@pytest.mark.parametrize("seeds", [1, 3])
def test_pairs_tell_far_more_than_two_intervals(seeds: int) -> None:
    networks = Networks(1, seeds=seeds)
    population = networks.problem.population(0.95)
    comparison = comparison_for(population)
    seen = [networks.observe(Question(confidence=0.95))(i) for i in (3, 8)]
    truth = np.log(networks.errors[3] / networks.errors[8])
    ahead, back = comparison.log_ratio_bounds(seen[0], [seen[1]])
    assert -back[0] <= truth <= ahead[0]
    boxes = np.log(seen[0].upper / seen[1].lower)
    assert ahead[0] - truth < 0.5 * (boxes - truth)
    unknown = Observation(0.2, 0.1, 0.3)  # it is unknown on which examples
    assert comparison.log_ratio_bounds(seen[0], [unknown])[0][0] == pytest.approx(
        np.log(seen[0].upper / 0.1)
    )


@laws
@given(st.integers(0, 1000), st.sampled_from([0.25, 0.5]), st.sampled_from([1, 3]))
def test_what_is_certified_holds_in_the_population(seed, epsilon, seeds) -> None:
    networks = Networks(seed, seeds=seeds)
    question = Question(lipschitz=0.12, epsilon=epsilon, confidence=0.95)
    known = {s.index: s.observation for s in networks.search(question)}
    answer = solve(networks.problem, known, question=question)
    assert answer.is_certified
    limit = 1 + answer.certified_epsilon
    problem, errors = networks.problem, networks.errors
    for i in range(len(problem)):
        assert any(
            problem.size[c] <= limit * problem.size[i]
            and problem.latency[c] <= limit * problem.latency[i]
            and errors[c] <= limit * errors[i] * (1 + 1e-9)
            for c in answer.evaluated
        )
    certificate = certificate_of(networks.problem, known, question=question)
    assert verify(json.loads(json.dumps(certificate))) == []


def test_pairing_certifies_with_fewer_evaluations_than_intervals() -> None:
    question = Question(
        lipschitz=0.12, goal="best", epsilon=0.15, weights=(0.05, 0.05, 3.0), confidence=0.95
    )
    used = {}
    for is_paired in (True, False):
        steps = Networks(5, is_paired=is_paired).search(question)
        used[is_paired] = (steps[-1].reason, len(steps))
    assert used[True][0] == "certified"
    assert used[False][0] == "limited by noise" or used[True][1] < used[False][1]


@pytest.mark.parametrize("goal", ["cover", "best", "exhaustive"])
@pytest.mark.parametrize("given_", [0.12, None])
def test_certificates_of_the_population_verify_and_their_bits_count(goal, given_) -> None:
    networks = Networks(2, seeds=2, choices=9)
    question = Question(lipschitz=given_, epsilon=0.3, goal=goal, confidence=0.9)
    known = {s.index: s.observation for s in networks.search(question)}
    certificate = certificate_of(networks.problem, known, question=question)
    assert verify(certificate) == []
    if given_ is None and certificate["assumptions"]["lipschitz"] is not None:
        assert certificate["assumptions"]["nugget"] > 0
    bits = bytearray(base64.b64decode(certificate["evaluations"][0]["wrong_items"][0]))
    bits[:300] = bytes(300)
    certificate["evaluations"][0]["wrong_items"][0] = base64.b64encode(bits).decode()
    certificate["digests"] = digests(certificate)
    assert any(".error is stated as" in line for line in verify(certificate))


def test_an_interval_that_was_narrowed_is_named() -> None:
    networks, question = Networks(3), Question(lipschitz=0.12, confidence=0.9)
    known = {i: networks.observe(question)(i) for i in (0, 5, 11)}
    certificate = certificate_of(networks.problem, known, question=question)
    row = certificate["evaluations"][0]
    row["lower"] = row["upper"] = row["error"]
    certificate["digests"] = digests(certificate)
    assert any(".lower is stated as" in line for line in verify(certificate))


def test_the_nugget_is_measured_once_every_dimension_is_told_apart() -> None:
    networks = Networks(4, seeds=3)
    question = Question(epsilon=0.3)
    known = {s.index: s.observation for s in networks.search(question)}
    answer = solve(networks.problem, known, question=question)
    assert 0 < answer.nugget < 0.2
    noise = next(f for f in answer.ledger if isinstance(f, SeedNoise))
    assert (noise.nugget, noise.is_measured) == (answer.nugget, True)
    given_ = solve(networks.problem, known, question=Question(epsilon=0.3, lipschitz=0.2))
    assert given_.nugget == 0.0
