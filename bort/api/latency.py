"""`LatencyProfile`: this machine's latencies, measured, and the latencies that they predict."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pandas as pd

from bort.api.studying import space_of
from bort.core.errors import InvalidOptionError, InvalidProfileError
from bort.core.study import SPACE
from bort.families import SearchSpace
from bort.figures.latency import plot_predicted, timed_marks
from bort.latency.compare import differences_from_here
from bort.latency.profile import LatencyProfile as StoredProfile
from bort.latency.profile import read_profile, write_profile
from bort.latency.stored import named_profile
from bort.report.html import card
from bort.report.latency import model_sentence, noise_sentence, origin_sentence
from bort.report.notebook import progress
from bort.storage import open_store
from bort.studies.measuring import describe_measurement, measure_sample
from bort.studies.parts import LENGTHS, MEASURE, WORKLOAD


class LatencyProfile:
    """Measured latencies of some architectures, and a model that predicts the others.

    Make one with `measure`, `stored` or `load`. Latencies are in milliseconds per forward pass.

    Attributes:
        name: in the store, as `bort search --latency-profile` takes it.
        measurements: data frame of the measured architectures, with their intervals.
        band: relative error of the model's predictions.
        is_quiet: the machine was quiet while it was measured.
        is_this_machine: it was measured on this machine with this software.
    """

    def __init__(self, profile: StoredProfile) -> None:
        self._profile = profile
        self.name = profile.name
        self.band = profile.band
        self.is_quiet = profile.noise.ok
        self.is_this_machine = not differences_from_here(profile)
        self.measurements = _frame(profile)

    @classmethod
    def measure(
        cls,
        space: str | Path | Mapping[str, Any] = SPACE,
        *,
        store: str | None = None,
        verbose: bool = True,
        **options: Any,
    ) -> Self:
        """Measure a sample of a space on this machine, and store the profile.

        Args:
            space: a named space, a TOML file, or `SearchSpace.to_dict()`.
            store: database URL; None is $BORT_STORE, else SQLite in $BORT_HOME.
            verbose: show a progress bar.
            options: options of `bort latency measure` by their names: runtime, batch_size,
                sequence_length, threads, count, minutes, lengths_from, name, ...
        Raises:
            BortError: one line on the option that cannot be used.
            BusyError: another process is measuring.
        Cost: a minute or two on a quiet machine; more if it is noisy.
        """
        known = {**MEASURE.fields, **LENGTHS.fields, **WORKLOAD.fields}
        if unknown := sorted(options.keys() - known.keys()):
            raise InvalidOptionError(
                f"there is no option {unknown[0]!r}; choose from {', '.join(known)}"
            )
        found = None
        with open_store(store) as opened:
            spec = describe_measurement(opened, space_of(space), options)
            with progress(f"Measuring {spec.latency.runtime}", is_shown=verbose) as on_step:
                for step in measure_sample(opened, spec):
                    on_step(step)
                    found = step.result
        if found is None:
            raise InvalidProfileError("the measurement was stopped before its first round ended")
        return cls(found)

    @classmethod
    def stored(cls, name: str, *, store: str | None = None) -> Self:
        """Read a profile of the store.

        Raises:
            InvalidProfileError: there is none of that name.
        """
        with open_store(store) as opened:
            return cls(named_profile(opened, name))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` or `bort latency measure --out` wrote.

        Raises:
            InvalidProfileError: it is no profile.
        """
        return cls(read_profile(Path(path)))

    def save(self, path: str | Path) -> Path:
        """Write the profile as JSON; returns the path."""
        write_profile(self._profile, Path(path))
        return Path(path)

    def predict(self, space: str | Path | Mapping[str, Any] = SPACE) -> pd.DataFrame:
        """Predict the latency of every architecture of a space, with the model's interval.

        Raises:
            InvalidProfileError: the space is of another family.
        """
        searched: SearchSpace = space_of(space)
        predicted = self._profile.predict(searched)
        ids = [searched.architecture(row).id for row in range(len(searched))]
        return pd.DataFrame(
            {
                "latency_ms": predicted.median_ms,
                "latency_low_ms": predicted.low_ms,
                "latency_high_ms": predicted.high_ms,
            },
            index=pd.Index(ids, name="architecture"),
        )

    def plot(self, *, theme: Any = "light") -> Any:
        """Draw predicted against measured milliseconds, as the dashboard does; a plotly figure.

        Raises:
            InvalidProfileError: the family of its architectures is not known here.
        """
        marks = timed_marks(self._profile)
        if not marks:
            raise InvalidProfileError(
                f"the family {self._profile.family_name!r} of the profile {self.name!r} is not "
                "known here, so its model cannot be compared"
            )
        return plot_predicted(marks, band=self.band, theme=theme)

    def __repr__(self) -> str:
        return f"LatencyProfile({self.name!r}, {self._profile.runtime}, {self._profile.workload})"

    def _repr_html_(self) -> str:
        said = [
            model_sentence(self._profile),
            noise_sentence(self._profile.noise),
            origin_sentence(differences_from_here(self._profile)),
        ]
        frame = self.measurements.reset_index()
        rows = [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]
        return card(f"Latency profile {self.name}", said, rows=rows)


def _frame(profile: StoredProfile) -> pd.DataFrame:
    rows = [
        {
            "architecture": one.id,
            "median_ms": one.latency.median_ms,
            "low_ms": one.latency.low_ms,
            "high_ms": one.latency.high_ms,
            "p95_ms": one.latency.p95_ms,
            "fitted": one.fitted,
        }
        for one in profile.measurements
    ]
    columns = ["architecture", "median_ms", "low_ms", "high_ms", "p95_ms", "fitted"]
    return pd.DataFrame(rows, columns=columns).set_index("architecture")
