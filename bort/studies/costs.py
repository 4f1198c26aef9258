"""The two objectives that are cheap for a whole space: exact size and predicted latency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bort.core.size import SizeSpec, SizeUnit
from bort.core.study import TrainingSpec
from bort.families import SearchSpace
from bort.families.sizes import sizes_of
from bort.latency.profile import LatencyPrediction, LatencyProfile
from bort.search import SearchProblem
from bort.studies.speeds import relative_effort
from bort.training.attempts import LEARNING_RATE_FACTORS
from bort.training.fit import TEACHER_EVALUATIONS


@dataclass(frozen=True)
class Costs:
    """A space, costed under one latency profile. Imports neither torch nor scipy's optimisers.

    Attributes:
        training: how each architecture's error is measured.
        size: what size means; its bytes are known.
    """

    space: SearchSpace
    profile: LatencyProfile
    training: TrainingSpec
    size: SizeSpec = field(default_factory=SizeSpec)

    @cached_property
    def latency(self) -> LatencyPrediction:
        """Predict the milliseconds of every architecture, with the model's interval."""
        return self.profile.predict(self.space)

    @cached_property
    def problem(self) -> SearchProblem:
        """Make the search's problem: ln of every dimension, size, latency.

        The elasticities bound how fast both costs can grow (`Family.elasticities`). Only the bound
        on the number of evaluations uses them, never the certificate.
        """
        names = tuple(self.space.dimensions)
        elasticities = self.space.elasticities()
        factor = self.profile.model.elasticity_factor
        return SearchProblem(
            names=names,
            coordinates=self.space.coordinates,
            size=sizes_of(self.space, self.size).astype(float),
            latency=self.latency.median_ms,
            latency_band=self.profile.band,
            latency_is_refused=not self.profile.noise.ok,
            size_elasticity=_exponents(elasticities.get(_COUNTED.get(self.size.unit, "")), names),
            latency_elasticity=self._growth(elasticities.get("operation_terms"), factor),
            choices=_choices(self.training),
            label=lambda index: self.space.architecture(index).id,
            families=self.space.families,
            effort=relative_effort(self.space, self.training),
        )

    def _growth(self, exponents: Mapping[str, float] | None, factor: float) -> np.ndarray | None:
        """Bound the growth of latency; none is known from text to label, where a smaller
        vocabulary makes texts longer.
        """
        if self.profile.workload.by_vocabulary:
            return None
        return _exponents(exponents, tuple(self.space.dimensions), factor)


TEACHERS = 7  # fine-tuned network, linear probe, tf-idf, and the means of some of them

# The bytes of files are no polynomials; no bound on their growth is known.
_COUNTED = {
    SizeUnit.PARAMETERS: "parameter_count",
    SizeUnit.EFFECTIVE: "effective_parameter_count",
}


def _choices(training: TrainingSpec) -> int:
    """Count the networks per architecture from which the dev set may have chosen.

    A seed that diverges in every attempt is left out, unless all do. The teacher that we train is
    one of several on dev, its first state among them, and every network learns from its answers.
    """
    tried = len(LEARNING_RATE_FACTORS) * max(1, len(training.learning_rates))
    teachers = 1 if training.teacher is not None else TEACHERS * (TEACHER_EVALUATIONS + 1)
    return int(teachers * ((tried + 1) ** training.seeds - 1))


def _exponents(
    exponents: Mapping[str, float] | None, names: tuple[str, ...], factor: float = 1.0
) -> np.ndarray | None:
    return None if exponents is None else factor * np.array([exponents[name] for name in names])
