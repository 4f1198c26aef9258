"""Compare a certificate with the table that it is about: every row, and the file's digest."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bort.core.question import Question
from bort.core.serialise import from_json
from bort.core.table_source import TableSource, digest_of
from bort.search.arrays import FloatArray
from bort.search.check.case import read_case
from bort.search.check.verify import UNREADABLE
from bort.search.observation import Observation
from bort.search.problem import SearchProblem
from bort.studies.recorded_table import ErrorTable, read_source

_TOLERANCE = 1e-9
_NAMED = 12  # dimensions of a table that one line names


def compare_with_table(content: Mapping[str, Any], path: Path) -> list[str]:
    """List the differences between a certificate and a table, one line each.

    Args:
        content: from `bort.search.check.certificate.read_certificate`; it need not be verified.
    Raises:
        InvalidDataError: the file is not such a table.
    """
    if content.get("table") is None:
        return ["the certificate is not about a table"]
    source = from_json(TableSource, content["table"], what="the certificate's table")
    digest, table = digest_of(path), read_source(path, source)
    failures = []
    if digest != source.sha256:
        failures.append(
            f"the file's SHA-256 is {digest[:12]}..., but the certificate is about "
            f"{source.sha256[:12]}..."
        )
    try:
        stated = read_case(dict(content)).problem
        rows = list(_rows(stated, table.problem))
        if not rows:
            question = from_json(Question, content["question"], what="the certificate's question")
            rows = list(_errors(content, table, question))
    except UNREADABLE:
        return failures  # `verify` reports it
    return [*failures, *rows]


def _rows(stated: SearchProblem, found: SearchProblem) -> Iterator[str]:
    if (stated.names, stated.scales) != (found.names, found.scales):
        yield f"the table has the dimensions {_dimensions(found)}, not {_dimensions(stated)}"
        return
    if len(stated) != len(found):
        yield f"the table has {len(found)} rows, but the certificate {len(stated)}"
        return
    names = [stated.label(i) for i in range(len(stated))]
    labels = [found.label(i) for i in range(len(found))]
    if names != labels:
        odd = next(i for i, name in enumerate(names) if name != labels[i])
        yield f"row {labels[odd]} of the table is called {names[odd]} in the certificate"
    if stated.families.tolist() != found.families.tolist():
        yield "the rows of the table do not belong to the families in the certificate"
    columns = {
        "the size": (stated.size, found.size),
        "the latency": (stated.latency, found.latency),
    }
    for k, name in enumerate(stated.names):
        columns[name] = stated.coordinates[:, k], found.coordinates[:, k]
    for what, (there, here) in columns.items():
        yield from _column(what, there, here, labels)


def _dimensions(problem: SearchProblem) -> str:
    scales = problem.scales or ("log",) * len(problem.names)
    named = [f"{n} ({s})" for n, s in zip(problem.names, scales, strict=True)]
    more = [f"and {len(named) - _NAMED:,} more"] if len(named) > _NAMED else []
    return ", ".join(named[:_NAMED] + more)


def _column(what: str, there: FloatArray, here: FloatArray, labels: list[str]) -> Iterator[str]:
    off = np.flatnonzero(np.abs(there - here) > _TOLERANCE * np.maximum(1e-3, np.abs(here)))
    if len(off):
        yield (
            f"{what} differs from the table in {len(off)} rows; in row {labels[off[0]]}, for "
            f"example, it is {there[off[0]]:.6g}, but {here[off[0]]:.6g} in the table"
        )


def _errors(content: Mapping[str, Any], table: ErrorTable, question: Question) -> Iterator[str]:
    population = table.problem.population(question.confidence)
    audits = [row for audit in content["audits"] for row in audit["evaluations"] or ()]
    for row in content["evaluations"]:
        if row["is_floored"] != table.observation(row["index"], population=population).is_floored:
            yield f"{row['label']} differs from the table in whether its error was measured as 0"
    for row in [*content["evaluations"], *audits]:
        seen = table.observation(row["index"], population=population)
        if not _is_same(row, seen):
            yield (
                f"{row['label']} has the error {row['error']}, from {row['lower']} to "
                f"{row['upper']}, but in the table {seen.error:.6g}, from {seen.lower:.6g} to "
                f"{seen.upper:.6g}"
            )


def _is_same(row: Mapping[str, Any], seen: Observation) -> bool:
    """Whether a listed evaluation is that of the table."""
    if row["n"] is not None or row["repeats"] or row["wrong_items"]:
        return False
    pairs = [(row[key], getattr(seen, key)) for key in ("error", "lower", "upper")]
    pairs.append((row["standard_error"] or 0.0, seen.standard_error or 0.0))
    return all(
        isinstance(there, int | float) and abs(there - here) <= _TOLERANCE for there, here in pairs
    )
