"""How long the texts of a task are, in tokens, as the models of a search read them."""

from bort.core.progress import OnStep, ignore
from bort.core.study import TaskSpec
from bort.latency.runs.plan import TextLengths


def text_lengths(spec: TaskSpec, *, on_step: OnStep = ignore) -> TextLengths:
    """Lengths of the training texts under the source network's tokenizer.

    Texts are cut where a search cuts them by default, at the 95th percentile.

    Raises:
        As `bort.tasks.load_task` and `bort.training.source.source_network`.
    Cost: a task's texts are tokenised once; some seconds for 10,000 texts.
    """
    from bort.tasks import load_task
    from bort.training.source import source_network
    from bort.training.tokens import encode_task

    task = load_task(spec, on_step=on_step)
    source = source_network()
    encoded = encode_task(
        task,
        source.folder,
        digest=source.digest,
        max_length=None,
        longest=int(source.config["max_position_embeddings"]),
    )
    return TextLengths(task.name, encoded.splits["train"].lengths.tolist())
