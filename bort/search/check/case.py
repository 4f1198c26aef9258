"""Read a certificate back into arrays, and recompute those that the family can."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bort.core.question import Question
from bort.core.serialise import from_json
from bort.search.arrays import FloatArray
from bort.search.check.certificate import Certificate, InvalidCertificateError
from bort.search.check.direct import DirectCase
from bort.search.comparison import ByInterval, ByPair, comparison_for
from bort.search.intervals import Population
from bort.search.observation import Observation
from bort.search.problem import SearchProblem


@dataclass(frozen=True, eq=False)
class CertifiedCase:
    """A certificate's statements and the arrays for its checks.

    Attributes:
        problem: the space, for the bound on the evaluations.
        direct: the space with its evaluations, for everything else.
        observations: the evaluated architectures, in their order, as stated.
        stated_labels: names of the evaluated architectures, as stated.
        labels: names of all architectures, as the space gives them.
        population: what the intervals apply to; None for a claim about a dev set.
    """

    problem: SearchProblem
    question: Question
    direct: DirectCase
    observations: list[Observation]
    assumptions: Mapping[str, Any]
    claim: Mapping[str, Any]
    audits: list[Mapping[str, Any]]
    stated_labels: list[str]
    stated_count: int
    labels: Mapping[int, str] | Any
    population: Population | None

    @property
    def errors(self) -> FloatArray:
        """Point estimates, shape (m,)."""
        return np.array([o.error for o in self.observations])

    @property
    def is_exhausted(self) -> bool:
        """Whether every architecture has been evaluated."""
        return len(set(self.direct.rows.tolist())) == len(self.problem)

    def label(self, index: int) -> str:
        """The name of an architecture."""
        return str(self.labels[index])

    def names(self, indices: Iterable[int]) -> str:
        """The names of some architectures, separated by commas."""
        return ", ".join(self.label(i) for i in indices)

    @cached_property
    def w_gaps(self) -> FloatArray:
        """The ln of how much larger any W can be than each evaluated one's, shape (m,)."""
        return self.direct.w_gaps(self.question.weights)

    @property
    def w_ratio(self) -> float:
        """W(best) is at least this share of the largest W."""
        return float(np.exp(-self.w_gaps.min(initial=np.inf)))


def read_case(certificate: Certificate) -> CertifiedCase:
    """Read the arrays of a certificate.

    Raises:
        InvalidCertificateError: errors out of order, or indices outside the space.
    """
    names, coordinates, size, latency, labels = _objectives(certificate)
    space, assumptions = certificate["space"], certificate["assumptions"]
    problem = SearchProblem(
        names,
        coordinates,
        size,
        latency,
        categorical=np.array(space["categorical"], dtype=bool),
        monotone=np.array(space["monotone"], dtype=bool),
        latency_band=float(certificate["latency"]["band"]),
        scales=None if space["scales"] is None else tuple(map(str, space["scales"])),
        size_elasticity=assumptions["size_elasticity"],
        latency_elasticity=assumptions["latency_elasticity"],
        choices=int(space["choices"]),
        is_paired=bool(space["is_paired"]),
        label=lambda index: str(labels[index]),
    )
    question = from_json(Question, certificate["question"], what="the certificate's question")
    population = problem.population(question.confidence)
    observations = [_observation(row) for row in certificate["evaluations"]]
    return CertifiedCase(
        problem=problem,
        question=question,
        direct=_direct(problem, question, certificate, observations, population),
        observations=observations,
        assumptions=assumptions,
        claim=certificate["claim"],
        audits=list(certificate["audits"]),
        stated_labels=[str(row["label"]) for row in certificate["evaluations"]],
        stated_count=int(space["count"]),
        labels=labels,
        population=population,
    )


def _observation(row: Mapping[str, Any]) -> Observation:
    lower, error, upper = (float(row[key]) for key in ("lower", "error", "upper"))
    if not 0 < lower <= error <= upper < np.inf:
        raise InvalidCertificateError(
            f"evaluation of {row['label']}: its error {error:.6g} is not within its interval of "
            f"{lower:.6g} to {upper:.6g}"
        )
    return Observation(
        error,
        lower,
        upper,
        n=row["n"],
        is_floored=bool(row["is_floored"]),
        is_witness=bool(row["is_witness"]),
        is_anchor=bool(row["is_anchor"]),
        repeats=tuple(float(e) for e in row["repeats"]),
        wrong_items=tuple(base64.b64decode(i, validate=True) for i in row["wrong_items"]),
        standard_error=row["standard_error"],
    )


def _direct(
    problem: SearchProblem,
    question: Question,
    certificate: Certificate,
    observations: list[Observation],
    population: Population | None,
) -> DirectCase:
    assumptions = certificate["assumptions"]
    indices = np.array([int(row["index"]) for row in certificate["evaluations"]], dtype=np.int64)
    outside = indices[(indices < 0) | (indices >= len(problem))]
    if len(outside):
        raise InvalidCertificateError(
            f"evaluation {outside[0]} is outside the space of {len(problem)} architectures"
        )
    given = assumptions["lipschitz"]
    slack = question.slack
    is_everything = len(set(indices.tolist())) == len(problem)
    return DirectCase(
        coordinates=problem.coordinates,
        categorical=problem.categorical,
        monotone=problem.monotone,
        costs=np.column_stack([problem.size, problem.latency]),
        # If everything is evaluated, nothing may depend on λ, whatever is stated.
        lipschitz=None if given is None or is_everything else np.array(given, dtype=float),
        nugget=float(assumptions["nugget"]),
        slack=None if slack is None or is_everything else float(slack),
        rows=indices,
        lower=np.array([o.lower for o in observations]),
        upper=np.array([o.upper for o in observations]),
        is_witness=np.array([o.is_witness for o in observations], dtype=bool),
        is_anchor=np.array([o.is_anchor for o in observations], dtype=bool),
        ratios=_ratios(observations, comparison_for(population)),
    )


def _ratios(observations: list[Observation], comparison: ByInterval) -> FloatArray | None:
    if not isinstance(comparison, ByPair):
        return None
    ratios = np.zeros((len(observations), len(observations)))
    for row in range(1, len(observations)):
        ahead, back = comparison.log_ratio_bounds(observations[row], observations[:row])
        ratios[row, :row], ratios[:row, row] = ahead, back
    return ratios


def _objectives(
    certificate: Certificate,
) -> tuple[tuple[str, ...], FloatArray, FloatArray, FloatArray, Any]:
    space, latency = certificate["space"], certificate["latency"]
    names = tuple(str(name) for name in space["names"])
    if "family_space" not in space:
        columns = (np.array(space[key], dtype=float) for key in ("coordinates", "size"))
        coordinates, size = columns
        return names, coordinates, size, np.array(latency["listed_ms"], float), space["labels"]
    from bort.families import SearchSpace

    family_space = SearchSpace.from_dict(space["family_space"])
    if tuple(family_space.dimensions) != names:
        raise InvalidCertificateError(f"the dimensions of the space are not {', '.join(names)}")
    return (
        names,
        np.log(family_space.values),
        family_space.parameter_count.astype(float),
        _latencies(latency, family_space),
        _FamilyLabels(family_space),
    )


def _latencies(latency: Mapping[str, Any], family_space: Any) -> FloatArray:
    if "listed_ms" in latency:
        return np.array(latency["listed_ms"], dtype=float)
    from bort.latency.model import with_derived_terms

    model = latency["model"]
    lengths = model.get("lengths") or [model["sequence_length"]]
    total = np.zeros(len(family_space))
    for length in lengths:
        counted = family_space.operation_terms(int(model["batch_size"]), int(length))
        terms = with_derived_terms(counted)
        for name, coefficient in model["coefficients_ms"].items():
            total += float(coefficient) * terms[name]
    return total / len(lengths)


class _FamilyLabels:
    def __init__(self, family_space: Any) -> None:
        self._space = family_space

    def __getitem__(self, index: int) -> str:
        return str(self._space.architecture(index).id)
