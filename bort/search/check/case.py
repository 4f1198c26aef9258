"""Read a certificate back into arrays, and recompute those that the family can."""

import base64
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bort.core.question import Question
from bort.core.serialise import from_json
from bort.core.size import SizeSpec
from bort.search.arrays import FloatArray, IntArray
from bort.search.check.certificate import Certificate, InvalidCertificateError
from bort.search.check.direct import DirectCase
from bort.search.check.ratios import Levels, Ratios, interval
from bort.search.check.replay import Evidence, Replay, replay
from bort.search.observation import Observation
from bort.search.problem import SearchProblem

_MOST_CHOICES = 10**15  # networks that stand for one architecture


@dataclass(frozen=True, eq=False)
class CertifiedCase:
    """The arrays of a certificate, from what was measured and asked alone.

    Attributes:
        problem: the space.
        family_space, latency_model: as stated; None if the certificate lists the numbers.
        size: what size means, if there is a family's space.
        rows: indices of the evaluated architectures, in their order.
        observations: their errors, as stated.
        envelopes: the envelopes that λ was estimated from, as stated.
    """

    problem: SearchProblem
    question: Question
    family_space: dict[str, Any] | None
    latency_model: Mapping[str, Any] | None
    size: SizeSpec
    rows: tuple[int, ...]
    observations: tuple[Observation, ...]
    envelopes: tuple[tuple[int, FloatArray], ...]
    ratios: Ratios

    @cached_property
    def seen(self) -> dict[int, Observation]:
        """The evaluations by index, in their order."""
        return dict(zip(self.rows, self.observations, strict=True))

    @property
    def is_exhausted(self) -> bool:
        """Whether every architecture has been evaluated."""
        return len(self.rows) == len(self.problem)

    @property
    def levels(self) -> Levels | None:
        """The error probabilities; None for a claim about this dev set."""
        return _levels(self.problem, self.question)

    def names(self, indices: Iterable[int]) -> str:
        """The names of some architectures, separated by commas."""
        return ", ".join(self.problem.label(i) for i in indices)

    def measured(self, seen: Observation) -> Observation:
        """Compute an error and its interval again from what the trainings gave."""
        if seen.is_excluded:
            return seen
        measured, n = _measured_error(seen), seen.n
        error = max(measured, 0.5 / n) if n else measured
        lower = upper = error
        if self.levels is not None:
            trainings = max(1, len(seen.wrong_items), len(seen.repeats))
            alpha = self.levels.interval
            lower, upper = interval(measured, n, trainings, seen.standard_error, alpha)
        is_floored = error > measured if n else seen.is_floored
        return replace(seen, error=error, lower=lower, upper=upper, is_floored=is_floored)

    def as_of(self, evaluated: Collection[int], envelopes: Any) -> "CertifiedCase":
        """Go back to when only some of the architectures had been evaluated."""
        kept = {i: o for i, o in self.seen.items() if i in set(evaluated)}
        return replace(
            self,
            rows=tuple(kept),
            observations=tuple(kept.values()),
            envelopes=_envelopes(envelopes),
        )

    @cached_property
    def learned(self) -> Replay:
        """What the evaluations say about λ and τ."""
        problem, question = self.problem, self.question
        given = question.lipschitz_by_dimension(problem.names)
        is_needed = not (self.is_exhausted or question.goal.evaluates_everything)
        seen = {i: o for i, o in self.seen.items() if is_needed and not o.is_excluded}
        families = problem.families
        return replay(
            Evidence(
                question=question,
                given=None if given is None else np.array(given),
                rows=tuple(seen),
                points=problem.coordinates[list(seen)],
                categorical=problem.categorical,
                extents=problem.extents,
                observations=tuple(seen.values()),
                envelopes=self.envelopes,
                ratios=self.ratios,
                families=families[list(seen)],
                owners=self.owners,
                complete=tuple(self.complete[i] for i in seen),
            )
        )

    @cached_property
    def owners(self) -> IntArray:
        """The family in which each dimension varies, -1 if in none: shape (K,)."""
        owners = np.full(len(self.problem.names), -1)
        for family in set(self.problem.families.tolist()):
            own = self.problem.coordinates[self.problem.families == family]
            owners[(own != own[0]).any(axis=0)] = family
        return owners

    @cached_property
    def complete(self) -> dict[int, frozenset[int]]:
        """The families of which everything had been evaluated with each of `rows`."""
        families, found = self.problem.families, {}
        left = Counter(families.tolist())
        done: frozenset[int] = frozenset()
        for row in self.rows:
            family = int(families[row])
            left[family] -= 1
            done = done if left[family] else done | {family}
            found[row] = done
        return found

    @property
    def untested(self) -> dict[int, int]:
        """How many dimensions an estimated λ must predict errors for, by family that it did not."""
        complete = self.complete[self.rows[-1]] if self.rows else frozenset()
        made, owners = self.learned.made, self.owners.tolist()
        wanted = {f: owners.count(f) for f in set(owners) - complete - {-1}}
        return {f: count for f, count in wanted.items() if made.get(f, 0) < count}

    @cached_property
    def direct(self) -> DirectCase:
        """The space with its evaluations, λ and τ."""
        problem, question, learned = self.problem, self.question, self.learned
        is_used = np.array([not o.is_excluded for o in self.observations], dtype=bool)
        slack = None if self.is_exhausted else question.slack
        return DirectCase(
            coordinates=problem.coordinates,
            categorical=problem.categorical,
            monotone=problem.monotone,
            costs=np.column_stack([problem.size, problem.latency]),
            # If everything is evaluated, nothing may depend on λ.
            lipschitz=None if self.is_exhausted else learned.lipschitz,
            nugget=learned.nugget,
            slack=None if slack is None else float(slack),
            rows=np.array(self.rows, dtype=np.int64),
            lower=np.array([o.lower for o in self.observations]),
            upper=np.array([o.upper for o in self.observations]),
            is_witness=is_used,
            is_anchor=is_used,
            families=problem.families,
            ratios=self.ratios.matrix(list(self.observations)),
        )


def read_case(certificate: Certificate) -> CertifiedCase:
    """Read the arrays of a certificate.

    Raises:
        InvalidCertificateError: errors out of order, indices outside the space, or one twice.
    """
    space, latency = certificate["space"], certificate["latency"]
    names, coordinates, size, milliseconds, labels, families = _objectives(certificate)
    monotone, choices, is_paired = (space[k] for k in ("monotone", "choices", "is_paired"))
    _check_dimensions(space, len(names))
    problem = SearchProblem(
        names,
        coordinates,
        size,
        milliseconds,
        categorical=np.array(space["categorical"], dtype=bool),
        monotone=np.array([False] * len(names) if monotone is None else monotone, dtype=bool),
        latency_band=float(latency["band"] or 0.0),
        latency_is_refused=bool(latency["is_refused"]),
        scales=None if space["scales"] is None else tuple(map(str, space["scales"])),
        choices=1 if choices is None else int(choices),
        is_paired=True if is_paired is None else bool(is_paired),
        label=lambda index: str(labels[index]),
        families=families,
    )
    question = from_json(Question, certificate["question"], what="the certificate's question")
    seen = read_evaluations(certificate["evaluations"], len(problem))
    return CertifiedCase(
        problem=problem,
        question=question,
        family_space=_family_space(space),
        latency_model=latency.get("model"),
        size=_size(space),
        rows=tuple(seen),
        observations=tuple(seen.values()),
        envelopes=_envelopes(certificate["assumptions"]["envelopes"]),
        ratios=Ratios(_levels(problem, question)),
    )


def _check_dimensions(space: Mapping[str, Any], count: int) -> None:
    scales, categorical = space["scales"], space["categorical"]
    for flags in (scales, categorical, space["monotone"]):
        if flags is not None and len(flags) != count:
            raise InvalidCertificateError(f"{flags} are not one for each of {count} dimensions")
    choices = space["choices"]
    if choices is not None and not (type(choices) is int and 1 <= choices <= _MOST_CHOICES):
        raise InvalidCertificateError(
            f"the number of networks per architecture is not a whole number from 1 to "
            f"{_MOST_CHOICES:,}"
        )
    if scales is not None and categorical != [scale == "category" for scale in scales]:
        raise InvalidCertificateError(f"the dimensions have the scales {', '.join(scales)}")
    if "family_space" in space and any(categorical):
        raise InvalidCertificateError("a family's dimensions are numbers, not categories")


def _levels(problem: SearchProblem, question: Question) -> Levels | None:
    if question.confidence is None:
        return None
    return Levels.of(
        question.confidence, len(problem), problem.choices, is_paired=problem.is_paired
    )


def _envelopes(listed: Sequence[Sequence[Any]]) -> tuple[tuple[int, FloatArray], ...]:
    return tuple((int(count), np.array(slopes, dtype=float)) for count, slopes in listed)


def read_evaluations(rows: Sequence[Mapping[str, Any]], count: int) -> dict[int, Observation]:
    """Read evaluations of a space of `count` architectures, by index.

    Raises:
        InvalidCertificateError: see `read_case`.
    """
    seen: dict[int, Observation] = {}
    for row in rows:
        index = row["index"]
        if type(index) is not int or not 0 <= index < count:
            raise InvalidCertificateError(
                f"evaluation {index} is outside the space of {count} architectures"
            )
        if index in seen:
            raise InvalidCertificateError(f"{row['label']} is listed as evaluated twice")
        seen[index] = _observation(row)
    return seen


def _observation(row: Mapping[str, Any]) -> Observation:
    if row["error"] is None:
        return Observation.excluded()
    lower, error, upper = (float(row[key]) for key in ("lower", "error", "upper"))
    if not 0 < lower <= error <= upper < np.inf:
        raise InvalidCertificateError(
            f"evaluation of {row['label']}: its error {error:.6g} is not within its interval of "
            f"{lower:.6g} to {upper:.6g}"
        )
    items = tuple(base64.b64decode(i, validate=True) for i in row["wrong_items"])
    n, repeats = row["n"], tuple(float(e) for e in row["repeats"])
    if len(repeats) == 1:
        raise InvalidCertificateError(f"{row['label']} lists one repeat, which repeats nothing")
    if n is not None and (type(n) is not int or n < 1):
        raise InvalidCertificateError(f"{row['label']} was tested on {n!r} examples")
    if items and not (n and all(len(i) == -(-n // 8) for i in items)):
        raise InvalidCertificateError(f"{row['label']} lists other items than its {n} examples")
    if n and len(items) > 1:
        repeats = tuple(max(_share(i, n), 0.5 / n) for i in items)
    return Observation(
        error,
        lower,
        upper,
        n=n,
        is_floored=bool(row["is_floored"]),
        repeats=repeats,
        wrong_items=items,
        standard_error=None if row["standard_error"] is None else float(row["standard_error"]),
    )


def _share(items: bytes, n: int) -> float:
    return float(np.unpackbits(np.frombuffer(items, dtype=np.uint8), count=n).mean())


def _measured_error(seen: Observation) -> float:
    """Compute the error, before it is floored, from what the trainings are said to have given.

    It is `seen.error` itself if no training is listed. A repeat at 1/(2n) stands for 0.
    """
    if seen.wrong_items and seen.n:
        return float(np.mean([_share(items, seen.n) for items in seen.wrong_items]))
    if len(seen.repeats) > 1:
        floor = 0.5 / seen.n if seen.n else 0.0
        return float(np.mean([0.0 if e == floor else e for e in seen.repeats]))
    return 0.0 if seen.is_floored and seen.n else seen.error


def _objectives(
    certificate: Certificate,
) -> tuple[tuple[str, ...], FloatArray, FloatArray, FloatArray, Any, IntArray]:
    space, latency = certificate["space"], certificate["latency"]
    names = tuple(str(name) for name in space["names"])
    if "family_space" not in space:
        columns = (np.array(space[key], dtype=float) for key in ("coordinates", "size"))
        coordinates, size = columns
        families = np.array(space.get("families") or [0] * len(size), dtype=np.int64)
        milliseconds = np.array(latency["listed_ms"], dtype=float)
        return names, coordinates, size, milliseconds, space["labels"], families
    from bort.families import SearchSpace
    from bort.families.sizes import sizes_of

    family_space = SearchSpace.from_dict(space["family_space"])
    if tuple(family_space.dimensions) != names:
        raise InvalidCertificateError(f"the dimensions of the space are not {', '.join(names)}")
    return (
        names,
        family_space.coordinates,
        sizes_of(family_space, _size(space)).astype(float),
        _latencies(latency, family_space),
        _FamilyLabels(family_space),
        family_space.families,
    )


def _size(space: Mapping[str, Any]) -> SizeSpec:
    return SizeSpec.from_dict(space.get("size_unit", {}))


def _family_space(space: Mapping[str, Any]) -> dict[str, Any] | None:
    from bort.families import SearchSpace

    if "family_space" not in space:
        return None
    return SearchSpace.from_dict(space["family_space"]).to_dict()


def _latencies(latency: Mapping[str, Any], family_space: Any) -> FloatArray:
    if "listed_ms" in latency:
        return np.array(latency["listed_ms"], dtype=float)
    from bort.latency.model import with_derived_terms

    model = latency["model"]
    total = np.zeros(len(family_space))
    for length in model["lengths"]:
        counted = family_space.operation_terms(int(model["batch_size"]), int(length))
        terms = with_derived_terms(counted)
        for name, coefficient in model["coefficients_ms"].items():
            total += float(coefficient) * terms[name]
    return total / len(model["lengths"])


class _FamilyLabels:
    def __init__(self, family_space: Any) -> None:
        self._space = family_space

    def __getitem__(self, index: int) -> str:
        return str(self._space.architecture(index).id)
