"""Latency profiles: the result of a measurement as small JSON, from which latencies are predicted.

Reading a profile and predicting from it import neither torch nor scipy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from bort.core.architecture import Architecture
from bort.core.errors import InvalidProfileError, InvalidSpaceError
from bort.core.files import write_json_atomically
from bort.core.inputs import parse_json, read_input
from bort.core.machine import Fingerprint
from bort.core.serialise import from_json, to_json
from bort.families import SearchSpace, operation_terms_of, vocabulary_sizes_of
from bort.families.polynomial import IntArray
from bort.latency.model import LatencyModel, with_derived_terms
from bort.latency.noise import Noise
from bort.latency.protocol import FloatArray, Latency
from bort.latency.runtimes import RUNTIME_NAMES
from bort.latency.workload import Workload

FORMAT = "bort-latency-profile"
LARGEST_SIZE = 2**31  # of a dimension; no model has more
VERSION = 1
T = TypeVar("T")

LARGEST_FILE = 50_000_000  # bytes; a profile has about ten thousand


class LatencyPrediction(NamedTuple):
    """Predicted latencies of N architectures in milliseconds, each of shape (N,)."""

    median_ms: FloatArray
    low_ms: FloatArray
    high_ms: FloatArray


@dataclass(frozen=True, slots=True)
class Measurement:
    """The measured latency of one architecture, and whether the model was fitted on it."""

    architecture: Mapping[str, int]
    latency: Latency
    fitted: bool

    @property
    def id(self) -> str:
        """The architecture's values joined by dashes."""
        return Architecture.of(**self.architecture).id

    def to_dict(self) -> dict[str, Any]:
        """Convert to flat JSON values."""
        return {
            "id": self.id,
            "architecture": dict(self.architecture),
            **to_json(self.latency),
            "fitted": self.fitted,
        }


@dataclass(frozen=True, slots=True)
class LatencyProfile:
    """Measured latencies of some architectures, and a model that predicts the others.

    Attributes:
        name: unique in a store.
        runtime: for example "torch-float32".
        workload: batch size, sequence length, threads (a number, never "all").
        fingerprint: the machine and its software.
        space_name: the space that was measured; for display.
        space_digest: the digest of exactly that space.
        family_name: family of the space; the model is valid only for this family. The model of a
            space of several families has terms of its own for each.
        fixed: sizes that all architectures of the space share.
        measurements: the measured latencies, in the order of the space.
        model: fitted on some of them.
        noise: how quiet the machine was.
        seed: seed of the choice of architectures, the order of rounds and the intervals.
        complete: False if the measurement was stopped early.
        measured_at: ISO 8601, UTC.
        study: the study whose front was measured; then `model` comes from the study's profile.
            None if a sample of a space was measured; then the model is its own.
    """

    name: str
    runtime: str
    workload: Workload
    fingerprint: Fingerprint
    space_name: str
    space_digest: str
    family_name: str
    fixed: Mapping[str, int]
    measurements: tuple[Measurement, ...]
    model: LatencyModel
    noise: Noise
    seed: int
    rounds: int
    complete: bool
    seconds: float
    measured_at: str
    study: str | None = None

    @property
    def band(self) -> float:
        """Relative ±m of the model; see `LatencyModel.band`."""
        return self.model.band

    def predict(self, space: SearchSpace) -> LatencyPrediction:
        """Predict the latencies of a whole space with numpy only; the same on every machine.

        Raises:
            InvalidProfileError: the profile was measured for another family.
        """
        if space.family_name != self.family_name:
            raise InvalidProfileError(
                f"profile {self.name!r} is for the family {self.family_name!r}, but the space "
                f"{space.name!r} belongs to the family {space.family_name!r}; measure that space"
            )
        try:
            median_ms = self.model.predict(self.workload.terms(space))
        except KeyError as error:
            raise InvalidProfileError(
                f"profile {self.name!r} uses a term {error} that the family "
                f"{self.family_name!r} does not have; measure again"
            ) from None
        return LatencyPrediction(
            median_ms, median_ms * (1 - self.band), median_ms * (1 + self.band)
        )

    def predicted_ms(self) -> FloatArray | None:
        """Predict each measured architecture, in order.

        Returns:
            Shape (n,); None if nothing was measured, or the family does not come with the package.
        """
        terms = self._measured_terms()
        try:
            return None if terms is None else self.model.predict(terms)
        except KeyError:
            return None

    def unknown_terms(self) -> list[str]:
        """List terms of the model that the family lacks; empty if the family is unknown here."""
        terms = self._measured_terms()
        if terms is None:
            return []
        known = with_derived_terms(terms)
        return [name for name in self.model.coefficients_ms if name not in known]

    def _measured_terms(self) -> Mapping[str, FloatArray] | None:
        """Compute operation terms of the measured architectures, if their family is known."""
        if not self.measurements:
            return None
        try:
            return self.workload.terms(_Measured(self))
        except (InvalidSpaceError, KeyError):
            return None

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON values, as `bort latency measure --json` prints them."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "profile": self.name,
            "runtime": self.runtime,
            **self.workload.to_dict(),
            "fingerprint": {**self.fingerprint.to_dict(), "digest": self.fingerprint.digest},
            "space": {
                "name": self.space_name,
                "digest": self.space_digest,
                "family": self.family_name,
                "fixed": dict(self.fixed),
            },
            "model": to_json(self.model),
            "noise": self.noise.to_dict(),
            "architectures": [measurement.to_dict() for measurement in self.measurements],
            "seed": self.seed,
            "rounds": self.rounds,
            "complete": self.complete,
            "seconds": self.seconds,
            "measured_at": self.measured_at,
            **({} if self.study is None else {"study": self.study}),
        }

    @classmethod
    def from_dict(cls, values: Any, *, origin: str = "the profile") -> "LatencyProfile":
        """Inverse of `to_dict`.

        Args:
            values: the result of `json.load`.
            origin: where it came from, for the message.
        Raises:
            InvalidProfileError: not a profile, of a newer version, or incomplete.
        """
        if not isinstance(values, Mapping) or values.get("format") != FORMAT:
            raise InvalidProfileError(
                f"{origin} is not a latency profile; `bort latency measure --out FILE` writes one"
            )
        version = values.get("version")
        if type(version) is not int or version > VERSION:
            raise InvalidProfileError(
                f"{origin} has version {version!r}, but this program reads up to version "
                f"{VERSION}; update bort, or measure again"
            )
        try:
            return _read(values, origin)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if isinstance(error, InvalidProfileError):
                raise
            raise InvalidProfileError(
                f"{origin} is damaged ({type(error).__name__}: {error}); measure again"
            ) from None


@dataclass(frozen=True, slots=True)
class _Measured:
    """The architectures that a profile measured; implements `bort.latency.workload.Counted`."""

    profile: LatencyProfile

    @property
    def vocabulary_sizes(self) -> IntArray:
        return vocabulary_sizes_of(
            self.profile.family_name,
            self.profile.fixed,
            [one.architecture for one in self.profile.measurements],
        )

    def operation_terms(self, batch_size: int, sequence_length: int) -> Mapping[str, FloatArray]:
        return operation_terms_of(
            self.profile.family_name,
            self.profile.fixed,
            [one.architecture for one in self.profile.measurements],
            batch_size=batch_size,
            sequence_length=sequence_length,
        )


def read_profile(path: Path) -> LatencyProfile:
    """Read an exported profile.

    Raises:
        InvalidProfileError: no such file, not JSON (cut off, for example), not a profile.
    """
    try:
        content = read_input(path, most=LARGEST_FILE)
    except FileNotFoundError:
        raise InvalidProfileError(f"there is no profile file {path}; check the name") from None
    except OSError as error:
        raise InvalidProfileError(
            f"{path} cannot be read ({error.strerror}); name another file"
        ) from None
    return parse_profile(content, origin=str(path))


def parse_profile(text: str | bytes, *, origin: str) -> LatencyProfile:
    """Read the content of an exported profile.

    Args:
        origin: where it came from, for the message.
    Raises:
        InvalidProfileError: not JSON (cut off, for example), not a profile.
    """
    try:
        values = parse_json(text)
    except ValueError as error:
        raise InvalidProfileError(
            f"{origin} is not JSON or is truncated ({error}); export it again"
        ) from None
    return LatencyProfile.from_dict(values, origin=origin)


def write_profile(profile: LatencyProfile, path: Path) -> None:
    """Export a profile to a file, completely or not at all.

    Raises:
        StoreError: the file cannot be written.
    """
    write_json_atomically(path, profile.to_dict(), remedy="choose another file")


def _read(values: Mapping[str, Any], origin: str) -> LatencyProfile:
    """Read a profile, and reject values that no measurement can give."""

    def part(kind: type[T], content: Any) -> T:
        return from_json(kind, content, what=origin, error=InvalidProfileError)

    space, workload = part(_Space, values["space"]), part(Workload, values)
    if values["runtime"] not in RUNTIME_NAMES:
        raise ValueError(f"unknown runtime {values['runtime']!r}")
    rows = [part(dict[str, int], row["architecture"]) for row in values["architectures"]]
    sizes = [size for row in (space.fixed, *rows) for size in row.values()]
    if any(not 0 <= size <= LARGEST_SIZE for size in sizes):
        raise ValueError(f"a dimension below 0 or above {LARGEST_SIZE:,}")
    positions = [size for name, size in space.fixed.items() if name.endswith("positions")]
    if positions and workload.longest > min(positions):
        raise ValueError(
            f"texts of {workload.longest} tokens in models of {min(positions)} positions"
        )
    return LatencyProfile(
        name=str(values["profile"]),
        runtime=values["runtime"],
        workload=workload,
        fingerprint=part(Fingerprint, values["fingerprint"]),
        space_name=space.name,
        space_digest=space.digest,
        family_name=space.family,
        fixed=space.fixed,
        measurements=tuple(
            Measurement(row_sizes, part(Latency, row), bool(row["fitted"]))
            for row_sizes, row in zip(rows, values["architectures"], strict=True)
        ),
        model=part(LatencyModel, values["model"]),
        noise=part(Noise, values["noise"]),
        seed=int(values["seed"]),
        rounds=int(values["rounds"]),
        complete=bool(values["complete"]),
        seconds=float(values["seconds"]),
        measured_at=str(values["measured_at"]),
        study=None if values.get("study") is None else str(values["study"]),
    )


@dataclass(frozen=True, slots=True)
class _Space:
    """The space as a profile's JSON names it."""

    name: str
    digest: str
    family: str
    fixed: dict[str, int]
