"""A certificate read back: arrays again, recomputed where the family knows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bort.search.arrays import FloatArray
from bort.search.certificate import Certificate, InvalidCertificateError
from bort.search.plain import PlainCase
from bort.search.problem import SearchProblem


@dataclass(frozen=True, eq=False)
class CertifiedCase:
    """What a certificate states, beside the arrays that its checks need.

    Attributes:
        problem: the space, for the bound on the evaluations.
        plain: the space with its evaluations, for everything else.
        errors: shape (m,), point estimates.
        claim, audits: as stated.
        stated_labels: names of the evaluated architectures, as stated.
        labels: names of all architectures, as the space gives them.
    """

    problem: SearchProblem
    plain: PlainCase
    errors: FloatArray
    claim: Mapping[str, Any]
    audits: list[Mapping[str, Any]]
    stated_labels: list[str]
    stated_count: int
    labels: Mapping[int, str] | Any
    is_lipschitz_given: bool

    @property
    def is_exhausted(self) -> bool:
        """Every architecture has been evaluated."""
        return len(set(self.plain.rows.tolist())) == len(self.problem)

    def label(self, index: int) -> str:
        """Name of an architecture."""
        return str(self.labels[index])

    def names(self, indices: Iterable[int]) -> str:
        """Names of some architectures, with commas between."""
        return ", ".join(self.label(i) for i in indices)

    @cached_property
    def _log_w(self) -> tuple[float, FloatArray]:
        highest, lower = self.plain.log_w_bounds(self.claim["weights"])
        return highest, np.where(self.plain.is_witness, lower, -np.inf)

    @property
    def log_w_lower(self) -> FloatArray:
        """Lower bound on ln W of each evaluated architecture, shape (m,)."""
        return self._log_w[1]

    @property
    def w_ratio(self) -> float:
        """W(best) is at least this share of the largest."""
        highest, lower = self._log_w
        if highest == -np.inf:
            return 1.0
        return float(np.exp(min(0.0, float(lower.max(initial=-np.inf)) - highest)))


def read_case(certificate: Certificate) -> CertifiedCase:
    """The arrays of a certificate.

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
        size_elasticity=assumptions["size_elasticity"],
        latency_elasticity=assumptions["latency_elasticity"],
    )
    plain, errors = _plain(problem, certificate)
    return CertifiedCase(
        problem=problem,
        plain=plain,
        errors=errors,
        claim=certificate["claim"],
        audits=list(certificate["audits"]),
        stated_labels=[str(row["label"]) for row in certificate["evaluations"]],
        stated_count=int(space["count"]),
        labels=labels,
        is_lipschitz_given=bool(assumptions["is_lipschitz_given"]),
    )


def _plain(problem: SearchProblem, certificate: Certificate) -> tuple[PlainCase, FloatArray]:
    rows, assumptions = certificate["evaluations"], certificate["assumptions"]
    indices = np.array([int(row["index"]) for row in rows], dtype=np.int64)
    lower, errors, upper = (
        np.array([float(row[key]) for row in rows]) for key in ("lower", "error", "upper")
    )
    if not ((lower > 0) & (lower <= errors) & (errors <= upper) & np.isfinite(upper)).all():
        raise InvalidCertificateError("an evaluation needs 0 < lower <= error <= upper")
    if len(indices) and not 0 <= indices.min() <= indices.max() < len(problem):
        raise InvalidCertificateError("an evaluation has an index outside the space")
    given = assumptions["lipschitz"]
    slack = assumptions["slack"]
    is_everything = len(set(indices.tolist())) == len(problem)
    plain = PlainCase(
        coordinates=problem.coordinates,
        categorical=problem.categorical,
        monotone=problem.monotone,
        costs=np.column_stack([problem.size, problem.latency]),
        # Where everything is evaluated nothing may rest on λ, whatever is stated.
        lipschitz=None if given is None or is_everything else np.array(given, dtype=float),
        nugget=float(assumptions["nugget"]),
        slack=None if slack is None or is_everything else float(slack),
        rows=indices,
        lower=lower,
        upper=upper,
        is_witness=np.array([bool(row["is_witness"]) for row in rows], dtype=bool),
        is_source=np.array([bool(row["is_source"]) for row in rows], dtype=bool),
    )
    return plain, errors


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
        raise InvalidCertificateError(f"the space has other dimensions than {', '.join(names)}")
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
    from bort.measure.latency_model import with_derived_terms

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
