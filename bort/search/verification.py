"""`verify`: check a certificate by computing everything again, plainly."""

from collections.abc import Callable, Iterator

import numpy as np

from bort.errors import BortError
from bort.search.audit import uncovered_bound
from bort.search.certificate import Certificate, InvalidCertificateError, digests
from bort.search.certified_case import CertifiedCase, read_case
from bort.search.evaluation_bound import best_bound, cover_bound
from bort.search.plain import plain_front

_TOLERANCE = 1e-9  # in logarithms: what another machine's ln and sums may differ by
_NAMED = 3  # uncovered architectures named one by one


def verify(certificate: Certificate) -> list[str]:
    """Check a certificate; an empty list means that it holds.

    Sizes, coordinates, distances, bounds, fronts, covers and W are computed again from the
    definitions (`plain`), without the search's incremental code. A digest tells what was changed;
    that it fits proves nothing, so every number is checked by what it has to imply.

    Args:
        certificate: from `read_certificate` or `certificate_of`.
    Returns:
        One line per failure.
    Raises:
        InvalidCertificateError: a part is missing, or of the wrong kind.
    Cost: O(N |C| K) time, O(N) memory besides blocks.
    """
    try:
        failures = list(_digests(certificate))
        case = read_case(certificate)
        for check in _CHECKS:
            failures += check(case)
    except InvalidCertificateError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, BortError) as error:
        raise InvalidCertificateError(
            f"a part of the certificate is missing or of the wrong kind ({error!r}); "
            "ask for the file again"
        ) from None
    return failures


def _digests(certificate: Certificate) -> Iterator[str]:
    stated, found = certificate["digests"], digests(certificate)
    for part, digest in found.items():
        if part not in ("evaluations", "all") and stated.get(part) != digest:
            yield f"{part}: changed after the certificate was written"
    rows, stated_rows = found["evaluations"], stated.get("evaluations", [])
    if len(rows) != len(stated_rows):
        yield f"evaluations: {len(stated_rows)} were written, {len(rows)} are there"
    for row, digest in zip(certificate["evaluations"], rows, strict=True):
        if digest not in stated_rows:
            yield f"evaluation of {row['label']}: changed after the certificate was written"
    if stated.get("all") != found["all"] and rows == stated_rows:
        yield "the digest of all parts does not fit"


def _evaluations(case: CertifiedCase) -> Iterator[str]:
    rows, count = case.plain.rows, len(case.plain.coordinates)
    if case.claim["evaluations"] != len(rows):
        yield f"{case.claim['evaluations']} evaluations are claimed, {len(rows)} are listed"
    if len(set(rows.tolist())) != len(rows):
        yield "an architecture is listed as evaluated twice"
    for index, label in zip(rows, case.stated_labels, strict=True):
        if case.label(int(index)) != label:
            yield f"evaluation {index} is of {label}, in this space it is {case.label(int(index))}"
    if case.stated_count != count:
        yield f"the space has {count} architectures, {case.stated_count} are claimed"


def _assumptions(case: CertifiedCase) -> Iterator[str]:
    if case.claim["certified_epsilon"] is None or case.is_exhausted:
        return
    excess = case.plain.worst_pair_excess()
    if excess > _TOLERANCE:
        yield f"two evaluated errors differ by {np.expm1(excess):.3g} more than λ allows"
    halved = case.plain.worst_pair_excess(factor=0.5) if not case.is_lipschitz_given else -np.inf
    if case.plain.upper.tolist() == case.plain.lower.tolist() and halved > _TOLERANCE:
        yield "λ is called an envelope times 2, but half of it is no envelope of the evaluations"
    if case.plain.worst_monotone_excess() > _TOLERANCE:
        yield "a larger architecture errs more than 1+σ times as much as a smaller one"


def _guarantee(case: CertifiedCase) -> Iterator[str]:
    word, claim = case.claim["guarantee"], case.claim
    if word not in ("proved", "conditional", "none"):
        yield f"unknown guarantee {word!r}"
    needs_nothing = case.is_exhausted or (claim["goal"] == "best" and claim["weights"][2] == 0)
    if word == "proved" and not (needs_nothing or case.is_lipschitz_given):
        yield "the guarantee is called proved, but it rests on an estimate of λ"
    if word != "none" and claim["certified_epsilon"] is None:
        yield f"the guarantee is called {word}, but nothing is certified"
    if claim["is_certified"] and claim["certified_epsilon"] is None:
        yield "called certified, with no ε"
    if claim["is_certified"] and claim["certified_epsilon"] > claim["epsilon"] + _TOLERANCE:
        yield f"ε = {claim['epsilon']} is claimed, {claim['certified_epsilon']} is certified"


def _epsilon(case: CertifiedCase) -> Iterator[str]:
    stated = case.claim["certified_epsilon"]
    if stated is None:
        return
    if case.claim["goal"] == "best":
        found = 1 - case.w_ratio
    elif case.claim["goal"] == "cover":
        found = float(np.expm1(_worst_gap(case)))
    else:
        found = 0.0 if case.is_exhausted else np.inf
    if not _same(stated, found):
        yield f"ε = {stated:.6g} is stated as certified, the evaluations certify {found:.6g}"


def _worst_gap(case: CertifiedCase) -> float:
    members = case.plain.rows.tolist()
    return max(float(case.plain.gaps(block, members).max()) for block in case.plain.blocks())


def _cover(case: CertifiedCase) -> Iterator[str]:
    cover = case.claim["cover"]
    if cover is None:
        return
    strangers = sorted(set(cover) - set(case.plain.rows[case.plain.is_witness].tolist()))
    if strangers:
        yield f"the cover holds {case.names(strangers)}, which were not evaluated"
        return
    limit = float(np.log1p(case.claim["epsilon"])) + _TOLERANCE
    uncovered: list[int] = []
    for block in case.plain.blocks():
        uncovered += block[case.plain.gaps(block, cover) > limit].tolist()
    if uncovered:
        more = f" and {len(uncovered) - _NAMED} more" if len(uncovered) > _NAMED else ""
        yield (
            f"within ε = {case.claim['epsilon']:.6g} the cover does not certify "
            f"{case.names(uncovered[:_NAMED])}{more}"
        )


def _front(case: CertifiedCase) -> Iterator[str]:
    rows = case.plain.rows[case.plain.is_witness]
    costs = np.column_stack([case.plain.costs[rows], case.errors[case.plain.is_witness]])
    expected = sorted(rows[plain_front(costs)].tolist())
    if sorted(case.claim["front"]) != expected:
        wrong = sorted(set(expected) ^ set(case.claim["front"]))
        yield f"the front is wrong about {case.names(wrong[:_NAMED])}"


def _best(case: CertifiedCase) -> Iterator[str]:
    best, ratio = case.claim["best"], case.claim["w_ratio"]
    if best is not None:
        values = case.log_w_lower
        position = np.flatnonzero(case.plain.rows == best)
        if not len(position) or not _same(float(values[position[0]]), float(values.max())):
            yield f"{case.names([best])} is not the largest W among the evaluated"
    if ratio is not None and not _same(ratio, case.w_ratio):
        yield f"W(best) is stated as {ratio:.6g} of the largest, it is {case.w_ratio:.6g}"


def _bound(case: CertifiedCase) -> Iterator[str]:
    stated = case.claim["evaluation_bound"]
    least = min(_packing_number(case), len(case.problem))
    if not least <= stated <= len(case.problem):
        yield f"the bound on the evaluations is stated as {stated}, it is at least {least}"


def _packing_number(case: CertifiedCase) -> int:
    claim, lipschitz = case.claim, case.plain.lipschitz
    if claim["goal"] == "best" and claim["weights"][2] == 0:
        return 1
    if claim["goal"] not in ("cover", "best") or lipschitz is None:
        return len(case.problem)
    options = {
        "epsilon": claim["epsilon"],
        "lipschitz": lipschitz,
        "nugget": case.plain.nugget,
    }
    if claim["goal"] == "cover":
        return cover_bound(case.problem, **options)
    return best_bound(case.problem, error_weight=claim["weights"][2], **options)


def _audits(case: CertifiedCase) -> Iterator[str]:
    for number, audit in enumerate(case.audits, start=1):
        expected = uncovered_bound(
            audit["population"], audit["drawn"], len(audit["failed"]), alpha=audit["alpha"]
        )
        if audit["uncovered_at_most"] != expected:
            yield f"audit {number} allows at most {expected} uncovered, not the number stated"
        if not _same(audit["alpha"], 0.05 / 2 ** (number - 1)):
            yield f"audit {number} spends α = {audit['alpha']}, not half of the one before"
        if audit["population"] > len(case.problem):
            yield f"audit {number} drew from more architectures than the space has"


def _same(stated: float, found: float) -> bool:
    return stated == found or abs(stated - found) <= _TOLERANCE * max(1.0, abs(found))


_CHECKS: tuple[Callable[[CertifiedCase], Iterator[str]], ...] = (
    _evaluations,
    _assumptions,
    _guarantee,
    _epsilon,
    _cover,
    _front,
    _best,
    _bound,
    _audits,
)
