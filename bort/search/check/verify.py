"""Verify a certificate by recomputing everything directly."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from bort.core.errors import BortError
from bort.search.check.case import CertifiedCase, read_case
from bort.search.check.certificate import Certificate, InvalidCertificateError, digests
from bort.search.check.direct import direct_front
from bort.search.check.ledger import check_audits, check_ledger
from bort.search.intervals import nugget_from_seeds, population_interval
from bort.search.observation import Observation, floor_error
from bort.search.packing import best_bound, cover_bound

_TOLERANCE = 1e-9  # of logarithms: another machine's ln and sums may differ by this much
_PARTS = (
    *("space", "latency", "question", "assumptions"),
    *("evaluations", "claim", "audits", "digests"),
)
_LISTS = ("evaluations", "audits")
_UNREADABLE = (  # errors that wrong values can cause while they are converted to numbers
    *(KeyError, TypeError, ValueError, IndexError, AttributeError),
    *(OverflowError, BortError),
)
_NAMED = 3  # uncovered architectures named one by one


def verify(certificate: Certificate) -> list[str]:
    """Check a certificate; an empty list means that it holds.

    Sizes, coordinates, distances, bounds, fronts, covers and W are computed again from the
    definitions (`direct`), without the search's incremental code. A digest tells what was changed,
    but a matching one proves nothing, so every number is checked against its consequences.

    Args:
        certificate: the result of `read_certificate` or `certificate_of`.
    Returns:
        One line per failure.
    Raises:
        InvalidCertificateError: a part is missing or of the wrong kind, although all digests match.
        Cost: O(N |C| K) time, O(N) memory plus one block.
    """
    missing = [part for part in _PARTS if part not in certificate]
    if missing:
        raise InvalidCertificateError(
            f"the certificate has no {', '.join(missing)}; get another copy"
        )
    if unlisted := [name for name in _LISTS if not isinstance(certificate[name], list)]:
        raise InvalidCertificateError(
            f"the certificate's {unlisted[0]} are not a list; ask for the file again"
        )
    failures: list[str] = []
    case = None
    try:
        with np.errstate(all="ignore"):  # a tampered number may be anything
            failures += _digests(certificate)
            case = read_case(certificate)
            for check in _CHECKS:
                failures += check(case)
    except InvalidCertificateError as error:
        return [*failures, str(error)]
    except _UNREADABLE as error:
        if failures or case is not None:
            return [*failures, f"the rest cannot be recomputed: {_reason(error)}"]
        raise InvalidCertificateError(
            f"a part of the certificate is missing or has the wrong type: {_reason(error)}; get "
            "another copy"
        ) from None
    return failures


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"no {error}"
    return " ".join(str(error).split()) or type(error).__name__


def _digests(certificate: Certificate) -> Iterator[str]:
    stated, found = certificate["digests"], digests(certificate)
    if stated.keys() != found.keys():
        yield f"digests: they are {', '.join(found)}, the certificate has {', '.join(stated)}"
    parts = {**stated["parts"], **found["parts"]}
    for name in parts:
        if stated["parts"].get(name) != found["parts"].get(name):
            yield f"{name}: changed after the certificate was written"
    for what, names in (
        ("evaluation", [f"evaluation of {row['label']}" for row in certificate["evaluations"]]),
        ("audit", [f"audit {row['plan']['number']}" for row in certificate["audits"]]),
    ):
        rows, stated_rows = found[f"{what}s"], stated[f"{what}s"]
        if len(rows) != len(stated_rows):
            yield f"{what}s: {len(stated_rows)} were written, but {len(rows)} are present"
        for name, digest in zip(names, rows, strict=True):
            if digest not in stated_rows:
                yield f"{name}: changed after the certificate was written"
    lists = ("evaluations", "audits", "parts")
    if stated.get("all") != found["all"] and all(stated[k] == found[k] for k in lists):
        yield "the digest of all parts does not match"


def _evaluations(case: CertifiedCase) -> Iterator[str]:
    rows, count = case.direct.rows, len(case.direct.coordinates)
    if case.claim["evaluations"] != len(rows):
        yield f"{case.claim['evaluations']} evaluations are claimed, but {len(rows)} are listed"
    if len(set(rows.tolist())) != len(rows):
        yield "an architecture is listed as evaluated twice"
    for index, label in zip(rows, case.stated_labels, strict=True):
        if case.label(int(index)) != label:
            yield (
                f"evaluation {index} is labelled {label}, but in this space it is "
                f"{case.label(int(index))}"
            )
    if case.stated_count != count:
        yield f"the space has {count} architectures, but {case.stated_count} are claimed"


def _intervals(case: CertifiedCase) -> Iterator[str]:
    """Check listed errors against the wrong items, and intervals against errors."""
    for label, seen in zip(case.stated_labels, case.observations, strict=True):
        error = seen.error
        if seen.wrong_items and seen.n:
            bits = [np.frombuffer(items, dtype=np.uint8) for items in seen.wrong_items]
            error = float(np.mean([np.unpackbits(b, count=seen.n).mean() for b in bits]))
        elif len(seen.repeats) > 1 and not seen.is_floored:
            error = float(np.mean(seen.repeats))
        if not _same(seen.error, floor_error(error, seen.n)):
            yield f"{label}: its error is {seen.error:.6g}, but its trainings give {error:.6g}"
        is_zero = seen.is_floored and seen.n and not seen.wrong_items
        yield from _interval(case, label, seen, 0.0 if is_zero else error)


def _interval(case: CertifiedCase, label: str, seen: Observation, error: float) -> Iterator[str]:
    if case.population is None or seen.is_excluded:
        return
    lower, upper = population_interval(
        error,
        seen.n,
        trainings=max(1, len(seen.repeats)),
        standard_error=seen.standard_error,
        population=case.population,
    )
    if not (_same(seen.lower, lower) and _same(seen.upper, upper)):
        yield f"{label}: its interval should be {lower:.6g} to {upper:.6g}"


def _assumptions(case: CertifiedCase) -> Iterator[str]:
    given, stated = case.question.lipschitz_by_dimension(case.problem.names), case.assumptions
    if given is not None and list(given) != stated["lipschitz"]:
        yield f"λ is stated as {stated['lipschitz']}, but the question gives {list(given)}"
    yield from _nugget(case)
    if case.claim["certified_epsilon"] is None or case.is_exhausted:
        return
    excess = case.direct.worst_pair_excess()
    if excess > _TOLERANCE:
        yield f"two evaluated errors differ by {np.expm1(excess):.3g} more than λ allows"
    halved = -np.inf
    if not case.question.is_lipschitz_given:
        halved = case.direct.worst_pair_excess(factor=0.5)
    if case.direct.upper.tolist() == case.direct.lower.tolist() and halved > _TOLERANCE:
        yield "λ is called twice the envelope, but half of it is not an envelope of the evaluations"
    if case.direct.worst_monotone_excess() > _TOLERANCE:
        yield "a larger architecture makes more than 1+σ times the error of a smaller one"


def _nugget(case: CertifiedCase) -> Iterator[str]:
    stated = case.assumptions["nugget"]
    if case.question.nugget is not None:
        found = case.question.nugget
    elif case.question.is_lipschitz_given:
        found = 0.0
    elif case.assumptions["lipschitz"] is None:
        return
    else:
        found = nugget_from_seeds(_design_repeats(case))
    if not _same(stated, found):
        yield f"τ is stated as {stated:.6g}, but question and repeated seeds give {found:.6g}"


def _design_repeats(case: CertifiedCase) -> list[tuple[float, ...]]:
    """Find the repeats of the first anchors that separate the dimensions, if λ was estimated."""
    problem, anchors = case.problem, np.flatnonzero(case.direct.is_anchor)
    points = problem.coordinates[case.direct.rows[anchors]]
    wanted = int(problem.matters.sum())
    for count in range(1, len(points) + 1):
        pairs = [problem.differences(points[:k], points[k]) for k in range(1, count)]
        steps = np.vstack([*pairs, np.zeros((1, len(problem.names)))])
        scaled = steps / np.where(problem.matters, problem.extents, 1.0)
        if np.linalg.matrix_rank(scaled, tol=1e-6) >= wanted:
            return [case.observations[i].repeats for i in anchors[:count]]
    return []


def _guarantee(case: CertifiedCase) -> Iterator[str]:
    word, claim, question = case.claim["guarantee"], case.claim, case.question
    if word not in ("proved", "conditional", "none"):
        yield f"unknown guarantee {word!r}"
    needs_nothing = case.is_exhausted or (question.goal == "best" and question.weights[2] == 0)
    if word == "proved" and not (needs_nothing or case.question.is_lipschitz_given):
        yield "the guarantee is called proved, but it rests on an estimate of λ"
    if word != "none" and claim["certified_epsilon"] is None:
        yield f"the guarantee is called {word}, but nothing is certified"
    if claim["is_certified"] and claim["certified_epsilon"] is None:
        yield "the claim is called certified, but has no ε"
    elif claim["is_certified"] and claim["certified_epsilon"] > question.epsilon + _TOLERANCE:
        yield f"ε = {question.epsilon} is claimed, but {claim['certified_epsilon']} is certified"


def _epsilon(case: CertifiedCase) -> Iterator[str]:
    stated = case.claim["certified_epsilon"]
    if stated is None:
        return
    if case.question.goal == "best":
        found = 1 - case.w_ratio
    elif case.question.goal == "cover":
        found = float(np.expm1(_worst_gap(case)))
    else:
        found = 0.0 if case.is_exhausted else np.inf
    if not _same(stated, found):
        yield f"ε = {stated:.6g} is stated as certified, but the evaluations certify {found:.6g}"


def _worst_gap(case: CertifiedCase) -> float:
    members = case.direct.rows.tolist()
    return max(float(case.direct.gaps(block, members).max()) for block in case.direct.blocks())


def _cover(case: CertifiedCase) -> Iterator[str]:
    cover = case.claim["cover"]
    if cover is None:
        return
    strangers = sorted(set(cover) - set(case.direct.rows[case.direct.is_witness].tolist()))
    if strangers:
        yield f"the cover contains {case.names(strangers)}, which were not evaluated"
        return
    limit = float(np.log1p(case.question.epsilon)) + _TOLERANCE
    uncovered: list[int] = []
    for block in case.direct.blocks():
        uncovered += block[case.direct.gaps(block, cover) > limit].tolist()
    if uncovered:
        more = f" and {len(uncovered) - _NAMED} more" if len(uncovered) > _NAMED else ""
        yield (
            f"at ε = {case.question.epsilon:.6g}, the cover does not certify "
            f"{case.names(uncovered[:_NAMED])}{more}"
        )


def _front(case: CertifiedCase) -> Iterator[str]:
    rows = case.direct.rows[case.direct.is_witness]
    costs = np.column_stack([case.direct.costs[rows], case.errors[case.direct.is_witness]])
    expected = sorted(rows[direct_front(costs)].tolist())
    if sorted(case.claim["front"]) != expected:
        wrong = sorted(set(expected) ^ set(case.claim["front"]))
        yield f"the front is wrong about {case.names(wrong[:_NAMED])}"


def _best(case: CertifiedCase) -> Iterator[str]:
    best, ratio = case.claim["best"], case.claim["w_ratio"]
    if ratio is None:
        return
    position = np.flatnonzero(case.direct.rows == best)
    if best is None or not len(position):
        yield f"the best is {best}, which was not evaluated"
    elif not _same(float(np.exp(-case.w_gaps[position[0]])), case.w_ratio):
        yield f"{case.names([best])} does not have the largest W of the evaluated architectures"
    if not _same(ratio, case.w_ratio):
        yield f"W(best) is stated as {ratio:.6g} of the largest, but it is {case.w_ratio:.6g}"


def _largest_w(case: CertifiedCase) -> Iterator[str]:
    """Check that the best has the largest W of the evaluated, if nothing bounds the others."""
    best = case.claim["best"]
    if case.claim["w_ratio"] is not None or best is None:
        return
    weights = case.question.weights
    shrink = np.maximum(0.0, 1.0 - case.direct.costs / case.direct.costs.max(axis=0))
    gain = (shrink ** np.array(weights[:2])).prod(axis=1)[case.direct.rows]
    values = np.where(case.direct.is_witness, gain * case.direct.upper ** -weights[2], -1.0)
    position = np.flatnonzero(case.direct.rows == best)
    if not len(position) or not _same(float(values[position[0]]), float(values.max())):
        yield f"{case.names([best])} does not have the largest W of the evaluated architectures"


def _bound(case: CertifiedCase) -> Iterator[str]:
    stated = case.claim["evaluation_bound"]
    least = min(_packing_number(case), len(case.problem))
    if not least <= stated <= len(case.problem):
        yield f"the bound on the evaluations is stated as {stated}, but it is at least {least}"


def _packing_number(case: CertifiedCase) -> int:
    question, lipschitz = case.question, case.direct.lipschitz
    error_weight = question.weights[2]
    if question.goal == "best" and error_weight == 0:
        return 1
    if question.goal.evaluates_everything or lipschitz is None:
        return len(case.problem)
    epsilon, nugget = question.epsilon, case.direct.nugget
    if question.goal == "cover":
        return cover_bound(case.problem, epsilon=epsilon, lipschitz=lipschitz, nugget=nugget)
    return best_bound(
        case.problem,
        epsilon=epsilon,
        lipschitz=lipschitz,
        error_weight=error_weight,
        nugget=nugget,
    )


def _same(stated: float, found: float) -> bool:
    if stated == found:
        return True
    # The tolerance of an infinite number would be infinite, so infinity matches no number.
    return math.isfinite(found) and abs(stated - found) <= _TOLERANCE * max(1.0, abs(found))


_CHECKS: tuple[Callable[[CertifiedCase], Iterator[str]], ...] = (
    _evaluations,
    _intervals,
    _assumptions,
    _guarantee,
    _epsilon,
    _cover,
    _front,
    _best,
    _largest_w,
    _bound,
    check_audits,
    check_ledger,
)
