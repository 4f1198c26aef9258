"""A certificate as a value: verify it, save it, read it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from bort.core.errors import CheckFailedError
from bort.core.files import write_json_atomically
from bort.report.html import card
from bort.report.search import certificate_sentence
from bort.search.check.certificate import InvalidCertificateError, read_certificate
from bort.search.check.verify import verify


class Certificate:
    """What a search claims, with everything needed to check it without trusting the search.

    Attributes:
        content: the certificate as JSON values; docs/guarantee.md describes them.

    Examples:
        >>> from bort import Certificate, search_table
        >>> rows = {"width": [1, 2, 4], "size": [1, 2, 4], "latency": [1, 2, 3],
        ...         "error": [0.4, 0.3, 0.2]}
        >>> import pandas as pd
        >>> certificate = search_table(pd.DataFrame(rows)).certificate
        >>> certificate.verify()
        >>> certificate.epsilon
        0.25
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = dict(content)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a certificate from a file.

        Raises:
            InvalidCertificateError: it cannot be read, or is no certificate of this version.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidCertificateError(f"cannot read {path} ({error}); check the path") from None
        return cls(read_certificate(text))

    @property
    def epsilon(self) -> float:
        """The ε that was asked for."""
        return float(self.content["question"]["epsilon"])

    @property
    def certified_epsilon(self) -> float | None:
        """The smallest ε certified; None if nothing is."""
        found = self.content["claim"]["certified_epsilon"]
        return None if found is None else float(found)

    @property
    def guarantee(self) -> str:
        """`proved`, `conditional` or `none`."""
        return str(self.content["claim"]["guarantee"])

    def verify(self) -> None:
        """Derive every claim again from the evaluations that the certificate lists.

        Raises:
            CheckFailedError: a claim does not follow.
        Cost: as `bort verify`; under a second for a few hundred architectures.
        """
        failures = verify(self.content)
        if failures:
            count = f"{len(failures)} check{'s' if len(failures) > 1 else ''}"
            raise CheckFailedError(
                f"the certificate does not hold: {count} failed; the first: {failures[0]}"
            )

    def save(self, path: str | Path) -> Path:
        """Write the certificate as JSON, for `bort verify`; returns the path.

        Raises:
            StoreError: the file cannot be written.
        """
        write_json_atomically(Path(path), self.content, remedy="choose another file")
        return Path(path)

    def __repr__(self) -> str:
        return (
            f"Certificate(epsilon={self.epsilon:g}, certified_epsilon={self.certified_epsilon}, "
            f"guarantee={self.guarantee!r})"
        )

    def _repr_html_(self) -> str:
        failures = verify(self.content)
        said = [certificate_sentence(self.content)] if not failures else failures[:3]
        return card("Certificate" if not failures else "Certificate that does not hold", said)
