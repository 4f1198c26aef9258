"""Compare a certificate with the store: space, question, latencies, evaluations, audits."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bort.core.errors import BortError
from bort.core.question import Question
from bort.core.serialise import from_json
from bort.search.arrays import FloatArray
from bort.search.check.case import read_case
from bort.search.check.certificate import latency_part, space_part
from bort.storage import Entry, RecordFault, Store, StudyRecord
from bort.studies.answers.evidence import Evidence
from bort.studies.answers.read import study_costs, study_evidence
from bort.studies.costs import Costs

_TOLERANCE = 1e-9


def compare_with_store(content: Mapping[str, Any], store: Store) -> list[str]:
    """List the differences between a certificate and the store, one line each.

    Args:
        content: from `bort.search.check.certificate.read_certificate`; it need not be verified.
    Raises:
        UnknownStudyError: the store has no study of that name.
    """
    if content["study"] is None:
        return ["the certificate does not name a study to compare with the store"]
    record = store.study(content["study"])
    costs = study_costs(store, record)
    if costs is None:
        return ["the store has no latency profile of this study"]
    if content["space"].get("family_space") != record.spec.to_dict()["space"]:
        return ["the space differs from the store's"]
    evidence = study_evidence(store, record, costs)
    return [
        *_question(content, record, costs),
        *_latencies(content, costs),
        *_evaluations(content, costs, evidence),
        *_audits(content, evidence),
        *map(_fault, store.record_faults(record)),
    ]


def _fault(fault: RecordFault) -> str:
    if fault.entry is None:
        return f"the store's record of this study was changed at entry {fault.subject}"
    what = f"{fault.entry} {fault.subject}" if fault.entry is Entry.AUDIT else fault.subject
    if fault.is_unrecorded:
        return f"{what} is in the store, but not in its record of what was evaluated and audited"
    return f"{what} was recorded, but the store has it no longer, or has it differently"


def _question(content: Mapping[str, Any], record: StudyRecord, costs: Costs) -> Iterator[str]:
    there = from_json(Question, content["question"], what="the certificate's question")
    here, names = record.spec.search.question, costs.problem.names
    latency = latency_part(costs.problem, None)
    space = space_part(costs.problem, record.spec.space, here, record.spec.size)
    pairs: dict[str, tuple[Any, Any]] = {
        "that the noise check refused the latencies": (
            content["latency"].get("is_refused"),
            latency["is_refused"],
        ),
        "the band of the latency model": (content["latency"].get("band"), latency["band"]),
        "what counts as size": (content["space"].get("size_unit"), space.get("size_unit")),
        "the goal": (there.goal, here.goal),
        "ε": (there.epsilon, here.epsilon),
        "the weights": (there.weights, here.weights),
        "λ": (there.lipschitz_by_dimension(names), here.lipschitz_by_dimension(names)),
        "σ": (there.slack, here.slack),
        "the confidence": (there.confidence, here.confidence),
        "τ": (there.nugget, here.nugget),
        "the number of challenges": (there.challenges, here.challenges),
        "the share of spot checks": (there.spot_checks, here.spot_checks),
    }
    if here.confidence is not None:
        for what, key in (
            ("networks per architecture", "choices"),
            ("that all architectures were tested on the same examples", "is_paired"),
        ):
            pairs[what] = (content["space"][key], space[key])
    for what, (stated, stored) in pairs.items():
        if stated != stored:
            yield f"{what}: the certificate says {stated}, the store {stored}"


def _latencies(content: Mapping[str, Any], costs: Costs) -> Iterator[str]:
    try:
        latencies: FloatArray = read_case(dict(content)).problem.latency
    except BortError:
        return  # `verify` reports it
    expected = costs.problem.latency
    if len(latencies) != len(expected):
        yield f"the certificate has {len(latencies)} latencies, the store {len(expected)}"
        return
    off = np.flatnonzero(np.abs(latencies - expected) > _TOLERANCE * expected)
    if len(off):
        name = costs.space.architecture(int(off[0])).id
        yield (
            f"{len(off)} latencies differ from the store's profile; {name}, for example, has "
            f"{latencies[off[0]]:.6g} ms, but the store says {expected[off[0]]:.6g}"
        )


def _evaluations(content: Mapping[str, Any], costs: Costs, evidence: Evidence) -> Iterator[str]:
    found = {costs.space.architecture(i).id: o for i, o in evidence.known.items()}
    stated = [row["label"] for row in content["evaluations"]]
    if set(stated) == set(found) and stated != list(found):
        yield "the evaluations are the store's, but in another order"
    for row in content["evaluations"]:
        seen = found.pop(row["label"], None)
        if seen is None:
            yield f"{row['label']} is listed as evaluated, but the store has no such result"
        elif row["error"] != (None if seen.is_excluded else seen.error):
            yield f"{row['label']} has error {row['error']}, but the store says {seen.error:.6g}"
        elif row["repeats"] and list(row["repeats"]) != list(seen.repeats):
            yield f"{row['label']} has errors by seed that differ from the store's"
        elif row["wrong_items"] != [b64encode(items).decode() for items in seen.wrong_items]:
            yield f"{row['label']} is wrong on other examples than in the store"
        elif row["n"] not in (None, seen.n):
            yield f"{row['label']} was tested on {row['n']} examples, but in the store on {seen.n}"
        elif row["is_floored"] != seen.is_floored:
            yield f"{row['label']} differs in whether its error was measured as 0"
    if found:
        yield (
            f"{len(found)} stored evaluations are not in the certificate, among them "
            f"{next(iter(found))}; they were left out, or made after it was written"
        )


def _audits(content: Mapping[str, Any], evidence: Evidence) -> Iterator[str]:
    stored = {plan.number: plan for plan in (*evidence.earlier, *evidence.audits)}
    for audit in content["audits"]:
        plan = stored.pop(audit["plan"]["number"], None)
        if plan is None:
            yield f"audit {audit['plan']['number']} is not in the store"
            continue
        if plan.to_dict() != {k: _tupled(v) for k, v in audit["plan"].items()}:
            yield f"audit {plan.number} was planned differently from what the store says"
        for index, error in zip(plan.drawn, audit["errors"] or (), strict=False):
            seen = evidence.everything.get(index)
            if seen is not None and error != (seen.error if seen.is_witness else None):
                yield f"audit {plan.number} has error {error}, but the store says {seen.error:.6g}"
    for number, plan in stored.items():
        if all(index in evidence.everything for index in plan.drawn):
            yield f"audit {number} is in the store but not in the certificate"


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
