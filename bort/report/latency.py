"""Sentences about latency for terminal and pages, and the tables of `bort latency`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from bort.core.machine import Difference
from bort.latency.landmarks import (
    BASE,
    LARGE,
    Claim,
    Figure,
    LandmarkTiming,
    TimedLandmark,
    Verdict,
)
from bort.latency.noise import Disturbance, Finding, Noise
from bort.latency.workload import Workload
from bort.report.terminal import Terminal
from bort.studies.answers import StudyAnswer, misfit

if TYPE_CHECKING:
    from bort.latency.compare import Comparison
    from bort.latency.profile import LatencyProfile

_FACTS = {
    "cpu": "CPU",
    "cpu_details": "processor family, model and vector units",
    "logical_cpus": "hardware threads",
    "memory_gib": "memory (GiB)",
    "os": "system",
    "batch_size": "batch size",
    "sequence_length": "sequence length",
}


def finding_words(finding: Finding) -> str:
    """Say why a measurement cannot be trusted, as a phrase.

    Examples:
        >>> from bort.latency.noise import When
        >>> finding_words(Finding(Disturbance.OTHERS, When.BEFORE, 0.4, 0.1))
        'before: other processes took 40% of the CPU (at most 10% allowed)'
        >>> finding_words(Finding(Disturbance.DRIFT, When.THROUGHOUT, -0.3, 0.1))
        'throughout: the whole machine became 30% faster during the measurement (at most \
10% allowed)'
    """
    value, limit = finding.value, f"(at most {finding.limit:.0%} allowed)"
    match finding.code:
        case Disturbance.OTHERS:
            text = f"other processes took {value:.0%} of the CPU {limit}"
        case Disturbance.RATIO:
            text = f"the ratio of two workloads run in turns varied by {value:.0%} {limit}"
        case Disturbance.RESOLUTION:
            text = (
                f"two architectures must differ by {value:.1%} to be told apart "
                f"(at most {finding.limit:.1%} allowed)"
            )
        case Disturbance.DRIFT:
            text = f"the whole machine became {_off(value)} during the measurement {limit}"
        case Disturbance.PACE:
            text = f"{_off_pace(finding)} {limit}; if it stays so, measure with --new-pace"
    return f"{finding.when}: {text}"


def warning_sentence(finding: Finding) -> str:
    """Say what to know about a measurement that can be trusted.

    Examples:
        >>> from bort.latency.noise import When
        >>> warning_sentence(Finding(Disturbance.DRIFT, When.THROUGHOUT, 0.07, 0.1))
        'Note: the whole machine became 7% slower during the measurement.'
    """
    if finding.code is Disturbance.PACE:
        return f"Note: {_off_pace(finding)}; milliseconds are stated at that pace."
    return f"Note: the whole machine became {_off(finding.value)} during the measurement."


def noise_sentence(noise: Noise) -> str:
    """Say what a quiet machine can tell apart, or why a noisy one cannot be trusted."""
    if not noise.ok:
        return (
            "The machine was too busy, or changed too much, to trust these numbers: "
            f"{'; '.join(map(finding_words, noise.reasons))}. Measure again when it is quiet."
        )
    apart = (
        "two architectures can be ranked"
        if noise.resolution is None
        else f"architectures that differ by {100 * noise.resolution:.1f}% or more can be ranked"
    )
    others = f"other processes took {100 * noise.others_share:.0f}% of the CPU"
    return f"Quiet enough: {apart}; {others}."


def differences_words(differences: Iterable[Difference]) -> str:
    """List the differences between two machines or measurements.

    Examples:
        >>> differences_words([Difference("batch_size", 1, 4), Difference("torch", "2.8", "2.9")])
        'batch size 1 against 4; torch 2.8 against 2.9'
    """
    return "; ".join(f"{_FACTS.get(d.fact, d.fact)} {d.a} against {d.b}" for d in differences)


def origin_sentence(differences: Sequence[Difference]) -> str:
    """Say whether latencies were measured on this machine."""
    if not differences:
        return "Measured on a machine like this one, with the same software."
    return f"Measured on another machine or software: {differences_words(differences)}."


def moment(text: str) -> str:
    """Format the time of a measurement; text that is not ISO 8601 stays unchanged.

    Examples:
        >>> moment("2026-11-22T23:39:56+00:00")
        '2026-11-22 23:39 UTC'
        >>> moment("last week")
        'last week'
    """
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return text
    at = then if then.tzinfo else then.replace(tzinfo=UTC)
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def claim_sentence(claim: Claim) -> str:
    """Compare a published figure with the one found here.

    Examples:
        >>> claim_sentence(Claim(Figure.SIZE, 340_000_000, 335_000_000))
        '1.5% smaller than published.'
        >>> print(claim_sentence(Claim(Figure.SPEED, 20, 16, 15.2, 16.9, "BERT-large")))
        It is 16.0 times as fast as BERT-large (15.2 to 16.9). The announced 20 times is not \
reached here.
    """
    match claim.figure:
        case Figure.SIZE:
            word = "larger" if claim.found > claim.published else "smaller"
            return f"{100 * abs(claim.found / claim.published - 1):.1f}% {word} than published."
        case Figure.SHARE:
            return (
                f"Without embeddings {claim.found:.1%} of BERT-large, "
                f"published as {claim.published:.1%}."
            )
        case Figure.SPEED:
            return f"It {_speed(claim)}"


def _speed(claim: Claim) -> str:
    verdict = "" if claim.verdict is None else _VERDICTS[claim.verdict]
    return (
        f"is {claim.found:.1f} times as fast as {claim.than} ({claim.low:.1f} to "
        f"{claim.high:.1f}). The announced {claim.published:g} times {verdict} here."
    )


_VERDICTS = {
    Verdict.NOT_REACHED: "is not reached",
    Verdict.HOLDS: "holds",
    Verdict.EXCEEDED: "is exceeded",
}


def announced_sentences(found: LandmarkTiming) -> list[str]:
    """Compare the announced speeds with those found here, each with its workload."""
    return [
        announced_sentence(found.runtime, found.workload, mark.name, claim)
        for mark, claim in found.announced
    ]


def announced_sentence(runtime: str, workload: Workload, landmark: str, claim: Claim) -> str:
    """Compare an announced speed with the one found here."""
    return (
        f"{runtime}, batch {workload.batch_size}, {workload.sequence_length} tokens, "
        f"{_count(workload.threads, 'thread')}: {landmark} {_speed(claim)}"
    )


def times_faster(mark: TimedLandmark, than: str) -> str:
    """Say how many times faster a landmark is than another, with the interval."""
    low, high = mark.times_faster_interval[than]
    return f"{mark.times_faster_than[than]:.1f} ({low:.1f} to {high:.1f})"


def model_sentence(profile: "LatencyProfile") -> str:
    """Say how well the profile's model predicts."""
    model = profile.model
    judged = f"{model.held_out} held-out ones" if model.held_out else "each one left out in turn"
    rank = model.rank_correlation
    return (
        f"{profile.runtime}, {profile.workload}. The model, fitted on "
        f"{model.fitted_on} architectures, misses {judged} by "
        f"{model.median_abs_percent_error:.1f}% in the median (90th percentile "
        f"{model.p90_abs_percent_error:.1f}%"
        + (f", rank correlation {rank:.3f}" if rank is not None else "")
        + f"); band ±{100 * model.band:.0f}%."
    )


def warn(noise: Noise, *, rounds: int = 0, complete: bool = True, minutes: str = "") -> None:
    """Print warnings about the numbers on standard error, if there are any.

    Args:
        minutes: the option with which more rounds can be asked for, if there is one.
    """
    console = Terminal(stderr=True)
    if not complete:
        console.print(Text(f"Stopped early, after {rounds} rounds; searches will not use it."))
    if not noise.ok:
        console.print(Text(noise_sentence(noise)))
    for warning in noise.warnings:
        console.print(Text(warning_sentence(warning)))
    if minutes and [one.code for one in noise.reasons] == [Disturbance.RESOLUTION]:
        console.print(Text(f"More rounds tell more architectures apart; choose more {minutes}."))


def print_imported(profile: "LatencyProfile") -> None:
    """Print how to use a profile that came from a file."""
    Terminal().print(
        Text(f"Stored as {profile.name}; use it with: bort search --latency-profile {profile.name}")
    )


def print_measured(profile: "LatencyProfile") -> None:
    """Print a profile that was just measured and stored."""
    _print_table(profile)
    Terminal().print(Text(f"Stored as {profile.name}."))


def print_profile(profile: "LatencyProfile", differences: Sequence[Difference]) -> None:
    """Print a stored profile, and how this machine differs."""
    _print_table(profile)
    warn(profile.noise)
    Terminal().print(Text(origin_sentence(differences)))


def print_list(rows: Sequence[tuple["LatencyProfile", bool]]) -> None:
    """Print all stored profiles, and say whether each is valid for this machine."""
    console = Terminal()
    if not rows:
        console.print(Text("No latency profile is stored; measure one: bort latency measure"))
    for profile, is_here in rows:
        notes = [
            note
            for note, applies in (
                ("another machine", not is_here),
                ("noisy", not profile.noise.ok),
                ("stopped early", not profile.complete),
            )
            if applies
        ]
        work = profile.workload
        words = [
            profile.space_name,
            profile.runtime,
            f"batch {work.batch_size}",
            f"{work.sequence_length} tokens",
            _count(work.threads, "thread"),
            f"model's error {profile.model.median_abs_percent_error:.1f}%",
        ]
        console.print(Text(profile.name, style="bold"), soft_wrap=True)
        console.print(Text("  " + ", ".join([*words, *notes])))


def print_compared(comparison: "Comparison") -> None:
    """Print two profiles side by side."""
    console = Terminal()
    a, b = comparison.a, comparison.b
    table = Table("architecture", f"{a.name} ms", f"{b.name} ms", "b / a", "")
    for pair in comparison.pairs:
        table.add_row(
            pair.id,
            f"{pair.a_ms:.3f}",
            f"{pair.b_ms:.3f}",
            f"{pair.ratio:.2f}",
            "" if pair.distinguishable else "within the noise",
        )
    console.print(table)
    if not comparison.pairs:
        console.print(Text("The two have no architecture in common."))
    console.print(Text(compared_sentence(comparison)))
    noisy = [profile.name for profile in (a, b) if not profile.noise.ok]
    if noisy:
        console.print(Text(f"The machine was too busy to trust {' and '.join(noisy)}."))


def compared_sentence(comparison: "Comparison") -> str:
    """Say how two profiles differ."""
    if not comparison.differences:
        return "Same machine, same workload."
    return f"Differences: {differences_words(comparison.differences)}."


def print_landmarks(found: LandmarkTiming) -> None:
    """Print well-known models timed here, with their published figures."""
    headings = ("model", "parameters", "published", "without embeddings", "median ms")
    table = Table(*headings, "95% interval", "times faster than base", "than large")
    for mark in found.landmarks:
        table.add_row(
            mark.name,
            f"{mark.parameter_count / 1e6:.1f} M",
            f"{mark.published_parameter_count / 1e6:g} M",
            f"{mark.effective_parameter_count / 1e6:.1f} M",
            f"{mark.median_ms:.1f}",
            f"{mark.low_ms:.1f} to {mark.high_ms:.1f}",
            *(times_faster(mark, name) for name in (BASE, LARGE)),
        )
    console = Terminal()
    console.print(table)
    for mark in found.landmarks:
        note = f" ({mark.note})" if mark.note else ""
        words = " ".join(map(claim_sentence, mark.claims))
        console.print(Text(f"{mark.name}: {mark.source}{note}. {words}".strip()))
    for sentence in announced_sentences(found):
        console.print(Text(sentence, style="bold"))


def _print_table(profile: "LatencyProfile") -> None:
    console = Terminal()
    table = Table("architecture", "median ms", "95% interval", "p95 ms", "")
    for one in profile.measurements:
        latency = one.latency
        table.add_row(
            one.id,
            f"{latency.median_ms:.3f}",
            f"{latency.low_ms:.3f} to {latency.high_ms:.3f}",
            f"{latency.p95_ms:.3f}",
            "fitted" if one.fitted else "held out",
        )
    console.print(table)
    console.print(Text(model_sentence(profile)))


def _off_pace(finding: Finding) -> str:
    day = "another day" if finding.since is None else finding.since[:10]
    return f"the whole machine was {_off(finding.value)} than on {day}, when its pace was measured"


def _off(change: float) -> str:
    return f"{abs(change):.0%} {'slower' if change > 0 else 'faster'}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def misfit_sentence(answer: StudyAnswer) -> str | None:
    """Say if the winners' measured latencies contradict the predicted ones."""
    ratio = misfit(answer)
    if ratio is None:
        return None
    return (
        "The latency model does not fit this machine as it is now: measured, the winners take "
        f"{ratio:.2f} times the predicted latency (median), which is outside the model's band of "
        f"±{answer.latency.band:.0%}. Order and ratios may still hold, milliseconds do not. "
        "Measure this space, runtime and workload again (bort latency measure --help), then start "
        "a new search, which uses the newest measurement."
    )
