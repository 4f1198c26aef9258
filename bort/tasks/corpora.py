"""The four named tasks: the sentiment of real texts, rated by people.

Source: Hutto and Gilbert 2014, *VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
Social Media Text*, ICWSM; each text was rated by at least twenty people, from -4 to 4. The
ratings are under the MIT licence; the texts belong to their authors (see data/README.md).
"""

from dataclasses import dataclass

import numpy as np

from bort.core.errors import DownloadError
from bort.tasks.fetch import Distribution
from bort.tasks.splits import leakage_groups
from bort.tasks.table import RowReport, Table

DISTRIBUTION = Distribution(
    project="vaderSentiment",
    version="3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
)
INNER_ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
INNER_SHA256 = "d5bb07d87474b3eb8d30b4deccbc23f19d742a6c5718fbacc65485b70b95c5fa"
CLASS_NAMES = ("negative", "positive")
ZERO_RATING = "rating 0"
PROVENANCE = (
    "Hutto and Gilbert 2014, in the source distribution of vaderSentiment 3.3.2; "
    "ratings MIT, the texts belong to their authors"
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """One named task as published.

    Attributes:
        name: the name to give to `--task`.
        title: one line for people.
        member: file inside the inner archive: id, mean rating and text, separated by tabs.
        published: rows in that file.
        neutral: rows rated exactly 0, which have no sign to predict.
        cut_from_documents: whether ids have the form `document_sentence`.
        example: a text of this kind, which we made up.
    """

    name: str
    title: str
    member: str
    published: int
    neutral: int
    cut_from_documents: bool
    example: str


def _corpus(
    name: str, title: str, stem: str, *, rows: tuple[int, int], documents: bool, example: str
) -> Corpus:
    return Corpus(
        name=name,
        title=title,
        member=f"hutto_ICWSM_2014/{stem}_GroundTruth.txt",
        published=rows[0],
        neutral=rows[1],
        cut_from_documents=documents,
        example=example,
    )


CORPORA: dict[str, Corpus] = {
    corpus.name: corpus
    for corpus in (
        _corpus(
            "movie-reviews",
            "Sentiment of sentences from movie reviews",
            "movieReviewSnippets",
            rows=(10605, 37),
            documents=False,
            example="A slow start, but the last half hour is worth every minute.",
        ),
        _corpus(
            "tweets",
            "Sentiment of tweets",
            "tweets",
            rows=(4200, 4),
            documents=False,
            example="Finally Friday, and the sun is out :)",
        ),
        _corpus(
            "product-reviews",
            "Sentiment of sentences from product reviews",
            "amazonReviewSnippets",
            rows=(3708, 98),
            documents=True,
            example="The battery lasts a week, but the buttons feel cheap.",
        ),
        _corpus(
            "editorials",
            "Sentiment of sentences from newspaper editorials",
            "nytEditorialSnippets",
            rows=(5190, 244),
            documents=True,
            example="The council has wasted another year on a plan that nobody wanted.",
        ),
    )
}


def parse(corpus: Corpus, content: bytes) -> Table:
    """Turn the published file into rows. The label is the rating's sign; rating 0 is dropped.

    Raises:
        DownloadError: the file does not contain what was published.
    """
    rows = [line.split("\t") for line in content.decode("utf-8").split("\r\n") if line]
    if len(rows) != corpus.published or any(len(row) != 3 for row in rows):
        raise DownloadError(
            f"{corpus.member} has {len(rows)} rows or unexpected columns ({corpus.published} "
            "rows were published); please report this"
        )
    used = [(identity, float(rating), text.strip()) for identity, rating, text in rows]
    used = [row for row in used if row[1] != 0]
    if len(rows) - len(used) != corpus.neutral:
        raise DownloadError(
            f"{corpus.member} has {len(rows) - len(used)} neutral rows, expected {corpus.neutral}"
        )
    texts = tuple(text for _, _, text in used)
    labels = np.array([rating > 0 for _, rating, _ in used], dtype=np.int64)
    documents = None
    if corpus.cut_from_documents:
        documents = [identity.split("_")[0] for identity, _, _ in used]
    groups, _ = leakage_groups(texts, labels, documents)
    report = RowReport(
        rows_read=corpus.published,
        rows_used=corpus.published - corpus.neutral,
        dropped={ZERO_RATING: corpus.neutral},
        documents=None if documents is None else len(set(documents)),
        groups=len(np.unique(groups)),
    )
    return Table(texts, None, labels, groups, CLASS_NAMES, report)
