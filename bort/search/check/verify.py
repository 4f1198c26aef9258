"""Verify a certificate by deriving everything in it again from what was measured and asked."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bort.core.errors import BortError
from bort.core.serialise import from_json, to_json
from bort.core.table_source import TableSource
from bort.search.check.audits import audited_cases, derive_audits
from bort.search.check.case import CertifiedCase, read_case
from bort.search.check.certificate import (
    FORMAT,
    VERSION,
    Certificate,
    InvalidCertificateError,
    as_listed,
    digests,
    evaluation_rows,
    latency_part,
    listed_envelopes,
    listed_values,
    space_part,
)

_RELATIVE, _ABSOLUTE = 1e-7, 1e-9  # another machine's logarithms and sums differ by less
_LEEWAYS = (1e-9, -1e-9)  # and may round a tie to the other side
_PARTS = (
    *("format", "version", "study", "table", "space", "latency", "question", "assumptions"),
    *("evaluations", "claim", "audits", "digests"),
)
_LISTS = ("evaluations", "audits")
UNREADABLE = (  # errors that wrong values can cause while they are converted to numbers
    *(KeyError, TypeError, ValueError, IndexError, AttributeError, AssertionError),
    *(ArithmeticError, BortError),
)
Cases = Mapping[tuple[int, ...], CertifiedCase]

_LONG = 1000  # a list is first compared as one text
_NAMED = 3  # differences of one list named one by one
_LONGEST = 60  # characters of a value in a message


def verify(certificate: Certificate) -> list[str]:
    """Check a certificate; an empty list means that it holds.

    Everything but the question, the space and the measured errors is derived again from the
    definitions, without the search's code, and the result must be the certificate itself: what
    differs, is missing or is not known is a failure. A digest tells what was changed, but a
    matching one proves nothing.

    Args:
        certificate: the result of `read_certificate` or `certificate_of`.
    Returns:
        One line per failure.
    Raises:
        InvalidCertificateError: a part is missing or of the wrong kind, although all digests match.
        Cost: O(N |C| K) time, O(N) memory plus one block; the cover needs O(N |C|) bytes.
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
            failures += _floors(case)
            failures += _derived_again(certificate, case)
    except InvalidCertificateError as error:
        return [*failures, str(error)]
    except UNREADABLE as error:
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
    if isinstance(error, TypeError | AttributeError):
        return "a value is of another kind than it should be"
    return " ".join(str(error).split()) or type(error).__name__


def _digests(certificate: Certificate) -> list[str]:
    stated, found = certificate["digests"], digests(certificate)
    lines = list(_changed(certificate, stated, found))
    if stated != found and not lines:
        lines.append("the digests are not those of the parts")
    return lines


def _changed(
    certificate: Certificate, stated: Mapping[str, Any], found: Mapping[str, Any]
) -> Iterator[str]:
    """Name what was changed after the certificate was written."""
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


def _derived_again(stated: Certificate, case: CertifiedCase) -> list[str]:
    """List where the certificate of the same question, space and errors would differ."""
    cases = audited_cases(case, stated["audits"])
    failures = [fault for one in cases.values() for fault in one.learned.faults]
    failures += [
        f"{part} does not belong in a certificate" for part in stated if part not in _PARTS
    ]
    failures += _differences(stated, {**stated, **_inputs(stated, case, cases)}, "")
    tries = [_claim_differences(stated, case, cases, leeway=0.0)]
    if tries[0] and not failures:
        tries += [_claim_differences(stated, case, cases, leeway=leeway) for leeway in _LEEWAYS]
    return failures if [] in tries else [*failures, *tries[0], *_uncovered(stated, case)]


def _inputs(stated: Certificate, case: CertifiedCase, cases: Cases) -> Certificate:
    """Write what was asked and measured, and what follows from it directly."""
    problem, question, learned = case.problem, case.question, case.learned
    seen = {i: case.measured(o) for i, o in case.seen.items()}
    design = {index for one in cases.values() for index in one.learned.design}
    return {
        "format": FORMAT,
        "version": VERSION,
        "study": None if stated["study"] is None else str(stated["study"]),
        "table": _table(stated["table"]),
        "space": space_part(problem, case.family_space, question, case.size),
        "latency": latency_part(problem, case.latency_model),
        "question": listed_values(question),
        "assumptions": {
            "lipschitz": None if learned.lipschitz is None else learned.lipschitz.tolist(),
            "nugget": learned.nugget,
            "envelopes": listed_envelopes(case.envelopes),
        },
        "evaluations": evaluation_rows(problem, seen, question, design),
    }


def _table(stated: Any) -> Certificate | None:
    if stated is None:
        return None
    source = from_json(TableSource, stated, what="the certificate's table")
    return as_listed(to_json(source))


def _claim_differences(
    stated: Certificate, case: CertifiedCase, cases: Cases, *, leeway: float
) -> list[str]:
    """List where the claim and the audits differ from those that follow."""
    audits, claim = derive_audits(case, cases, stated["audits"], leeway=leeway)
    found = {"claim": claim.to_dict(case), "audits": audits}
    return list(_differences({part: stated[part] for part in found}, found, ""))


def _floors(case: CertifiedCase) -> Iterator[str]:
    """Check that floored errors of a table share the smallest value."""
    used = [o for o in case.observations if not o.is_excluded]
    floors = {o.error for o in used if o.is_floored and o.n is None}
    if floors and (len(floors) > 1 or min(floors) > min(o.error for o in used)):
        yield "an error is called floored that is not the smallest"


def _differences(stated: Any, found: Any, path: str) -> Iterator[str]:
    """List where two JSON values differ: fractions up to rounding, everything else exactly."""
    if isinstance(found, Mapping) and isinstance(stated, Mapping):
        for key in [*found, *(k for k in stated if k not in found)]:
            where = f"{path}.{key}" if path else str(key)
            if key not in stated:
                yield f"{where} is missing"
            elif key not in found:
                yield f"{where} does not belong in a certificate"
            else:
                yield from _differences(stated[key], found[key], where)
    elif isinstance(found, list | tuple) and isinstance(stated, list | tuple):
        if len(found) > _LONG and json.dumps(stated) == json.dumps(found):
            return
        if len(stated) != len(found):
            yield _difference(path, stated, found)
            return
        lines = [
            line
            for place, (there, here) in enumerate(zip(stated, found, strict=True))
            for line in _differences(there, here, _place(path, place, here))
        ]
        yield from lines[:_NAMED]
        if len(lines) > _NAMED:
            yield f"{path} has {len(lines) - _NAMED} more differences"
    elif not _is_same(stated, found):
        yield _difference(path, stated, found)


def _place(path: str, place: int, here: Any) -> str:
    if path == "evaluations":
        return f"evaluation of {here['label']}"
    return f"audit {place + 1}" if path == "audits" else f"{path}[{place}]"


def _difference(path: str, stated: Any, found: Any) -> str:
    there, here = _short(stated), _short(found)
    if there == here:  # they differ where they were cut
        there, here = repr(stated)[:_LONGEST], repr(found)[:_LONGEST]
    return f"{path} is stated as {there}, but {here} follows from the rest"


def _short(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _is_same(stated: Any, found: Any) -> bool:
    if isinstance(found, float) and type(stated) in (int, float):
        return math.isclose(stated, found, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)
    if isinstance(found, str) and isinstance(stated, str):
        return str(stated) == str(found)
    return type(stated) is type(found) and bool(stated == found)


def _uncovered(stated: Certificate, case: CertifiedCase) -> Iterator[str]:
    """Name the architectures that the stated cover does not certify."""
    cover = stated["claim"]["cover"]
    if not cover or not set(cover) <= set(case.rows):
        return
    limit = float(np.log1p(case.question.epsilon)) + _ABSOLUTE
    uncovered: list[int] = []
    for block in case.direct.blocks():
        uncovered += block[case.direct.gaps(block, cover) > limit].tolist()
    if uncovered:
        more = f" and {len(uncovered) - _NAMED} more" if len(uncovered) > _NAMED else ""
        yield (
            f"at ε = {case.question.epsilon:.6g}, the cover does not certify "
            f"{case.names(uncovered[:_NAMED])}{more}"
        )
