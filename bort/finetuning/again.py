"""The command that trains a model again."""

from bort.core.study import TaskSpec
from bort.finetuning.realised import Evidence, Realised
from bort.studies.commands import finetune_command


def training_command(realised: Realised, evidence: Evidence) -> str | None:
    """Write the command that trained a model; None if no command does.

    A model that comes from no study was trained on what a run of Agora had accepted.
    """
    data = evidence.data
    if evidence.search is None and not data.is_studys:
        return None
    return finetune_command(
        realised.study,
        [realised.architecture_id],
        seeds=len(realised.seeds),
        recipe=evidence.recipe,
        threads=evidence.oracle.threads,
        task=None if data.is_studys else TaskSpec.from_dict(data.task_spec),
    )
