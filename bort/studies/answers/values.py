"""What a study says, as values: the same for the command line, the pages and the job."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bort.core.question import Goal, Question, Weights
from bort.core.study import StudySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLatency:
    """What an architecture took when it was measured itself, milliseconds per forward pass.

    Attributes:
        low_ms, high_ms: the median's 95 % bootstrap interval.
        p95_ms: what 95 % of the runs stayed below.
        profile: the stored measurement.
    """

    median_ms: float
    low_ms: float
    high_ms: float
    p95_ms: float
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One evaluated architecture. Size, latency and error are to be minimised, W maximised.

    Attributes:
        id: the architecture's id, values joined by dashes.
        parameter_count: exact, with embeddings.
        effective_parameter_count: exact, without embeddings.
        latency_ms: of the study's latency profile, per forward pass.
        latency_low_ms, latency_high_ms: the profile's interval.
        error_rate: share of wrong dev examples; the mean where several seeds were trained.
        error_se: its standard error.
        n_dev: dev examples.
        macro_f1: unweighted mean of the classes' F1; None where the oracle has none.
        seeds: trainings behind `error_rate`.
        latency_measured: what it took when measured itself; None where only predicted.
        w: W-coefficient under the answer's weights; 0 at the maximum point.
    """

    id: str
    architecture: Mapping[str, int]
    parameter_count: int
    effective_parameter_count: int
    latency_ms: float
    latency_low_ms: float
    latency_high_ms: float
    error_rate: float
    error_se: float
    n_dev: int
    macro_f1: float | None
    seeds: int
    w: float
    is_on_front: bool
    is_in_cover: bool
    latency_measured: MeasuredLatency | None = None

    def as_json(self) -> dict[str, Any]:
        """The keys that the command line prints."""
        return {
            "id": self.id,
            "architecture": dict(self.architecture),
            "parameter_count": self.parameter_count,
            "effective_parameter_count": self.effective_parameter_count,
            "latency_ms": self.latency_ms,
            "latency_low_ms": self.latency_low_ms,
            "latency_high_ms": self.latency_high_ms,
            "latency_measured": None
            if self.latency_measured is None
            else asdict(self.latency_measured),
            "error_rate": self.error_rate,
            "error_se": self.error_se,
            "n_dev": self.n_dev,
            "macro_f1": self.macro_f1,
            "seeds": self.seeds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the guarantee ledger."""

    assumption: str
    status: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyAnswer:
    """The answer of one study under one ε and one set of weights.

    Attributes:
        question: what the answer answers: the study's own question, or another ε and weights.
        points: every evaluated architecture, by size.
        front: those that no other evaluated one dominates, by point estimate; never thinned.
        cover: ids of the ε-cover; None where ε is not certified.
        best: the evaluated architecture of the largest W; None before the first evaluation.
        w_ratio: W of `best` is at least this share of the largest W of the whole space, if the
            ledger's assumptions hold; None where nothing is certified.
        excluded: ids whose every training diverged.
        certified_epsilon: the smallest ε certified; None where nothing is.
        evaluation_bound: evaluations that certifying `epsilon` can need at most.
        guarantee: "proved", "conditional" or "none".
        ending: why nothing is left to evaluate: "certified", "exhausted", "limited by noise" or
            "assumption violated"; None where the budget, or somebody, ended the search before.
        ranking: `points` by W, the largest first.
        audit: number, goal, epsilon, confidence, drawn (ids), trained (how many), is_complete,
            and once complete population, failed (ids), uncovered_at_most, statement; the latest
            audit of this answer, None where there is none.
        latency: runtime, batch_size, sequence_length, threads, band, profile, fingerprint,
            is_this_machine.
        seconds: time spent searching, all attempts together; of training, for an example.
        job: the study's last search job; None for an example.
        certificate: the file that its last search wrote, for `bort verify`; None before its end.
    """

    study: str
    spec: StudySpec
    is_example: bool
    space_size: int
    evaluations: int
    evaluation_bound: int
    certified_epsilon: float | None
    question: Question
    points: tuple[Point, ...]
    front: tuple[Point, ...]
    cover: tuple[str, ...] | None
    best: Point | None
    w_ratio: float | None
    excluded: tuple[str, ...]
    guarantee: str
    ending: str | None
    ranking: tuple[Point, ...]
    audit: Mapping[str, Any] | None
    ledger: tuple[Entry, ...]
    latency: Mapping[str, Any]
    seconds: float
    job: int | None
    certificate: str | None

    @property
    def goal(self) -> Goal:
        """The goal of the question."""
        return self.question.goal

    @property
    def epsilon(self) -> float:
        """ε of the question."""
        return self.question.epsilon

    @property
    def weights(self) -> Weights:
        """Cost weights of the question."""
        return self.question.weights

    def as_json(self) -> dict[str, Any]:
        """What `bort search --json` and `bort front --json` print."""
        return {
            "job": self.job,
            "study": self.study,
            "space_size": self.space_size,
            "evaluations": self.evaluations,
            "evaluation_bound": self.evaluation_bound,
            "certified_epsilon": self.certified_epsilon,
            "goal": str(self.goal),
            "epsilon": self.epsilon,
            "weights": list(self.weights),
            "guarantee": self.guarantee,
            "guaranteed": self.guarantee == "proved",
            "cover": None if self.cover is None else list(self.cover),
            "front": [point.as_json() for point in self.front],
            "best": None if self.best is None else {**self.best.as_json(), "w": self.best.w},
            "w_ratio": self.w_ratio,
            "ranking": [{"id": point.id, "w": point.w} for point in self.ranking],
            "ending": self.ending,
            "excluded": list(self.excluded),
            "ledger": [asdict(entry) for entry in self.ledger],
            "latency": dict(self.latency),
            "audit": None if self.audit is None else dict(self.audit),
            "certificate": self.certificate,
            "seconds": self.seconds,
        }
