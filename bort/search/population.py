"""The claim about the population: how often its intervals may fail, and how that is shared out."""

from dataclasses import dataclass

from bort.core.errors import InvalidOptionError

PAIRED_AT_MOST = 20_000  # architectures; every pair of trained ones keeps a row of this length


@dataclass(frozen=True, slots=True)
class Population:
    """All intervals and all comparisons together hold with probability `confidence` or more.

    The search picks what it trains by what it has seen, so the error probability is divided
    among all networks that could have stood for any architecture (Bonferroni). Half of it goes
    to the intervals of single architectures, half to the comparisons of pairs.

    Attributes:
        confidence: 0..1.
        architectures: N, the size of the space.
        choices: networks that could have stood for one architecture: those of all learning rates
            and retries, to the power of the number of seeds.
        is_paired: the architectures answer the same examples, and it is known who was wrong where.

    Source: ours; docs/search.md, "Intervals".
    """

    confidence: float
    architectures: int
    choices: int = 1
    is_paired: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise InvalidOptionError(
                f"confidence must lie between 0 and 1, got {self.confidence}; try 0.95"
            )
        if self.architectures < 1 or self.choices < 1:
            raise InvalidOptionError(
                "a population needs 1 or more architectures and choices, got "
                f"{self.architectures} and {self.choices}"
            )

    @property
    def compares_pairs(self) -> bool:
        """Pairs are compared on the examples that they share."""
        return self.is_paired and 1 < self.architectures <= PAIRED_AT_MOST

    @property
    def interval_alpha(self) -> float:
        """Error probability of one two-sided interval."""
        share = 0.5 if self.compares_pairs else 1.0
        return share * (1 - self.confidence) / (self.architectures * self.choices)

    @property
    def pair_alpha(self) -> float:
        """Error probability of one one-sided comparison of an ordered pair."""
        pairs = self.architectures * (self.architectures - 1) * self.choices**2
        return 0.5 * (1 - self.confidence) / pairs
