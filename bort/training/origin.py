"""The origin of trainings on this machine; see `bort.core.origin`."""

import hashlib
import json
import platform
from dataclasses import replace

import torch
import transformers

from bort.core.machine import vector_flags
from bort.core.origin import Origin
from bort.tasks import Task
from bort.training.source import SourceNetwork
from bort.training.teacher import Teacher


def origin_here(task: Task, source: SourceNetwork, device: torch.device, threads: int) -> Origin:
    """Return the origin of trainings here; its teacher is not known yet."""
    return Origin(
        task=task.digest,
        source=source.digest,
        device=device.type,
        processor=_processor(device),
        threads=threads,
        torch=str(torch.__version__),
        transformers=transformers.__version__,
        host=platform.node(),
    )


def taught_by(origin: Origin, teacher: Teacher) -> Origin:
    """Add the teacher: its weights, and the answers that candidates learn from."""
    answers = hashlib.sha256(json.dumps([str(m) for m in teacher.methods]).encode())
    answers.update(teacher.logits["train"].tobytes())
    return replace(origin, teacher=teacher.digest, answers=answers.hexdigest())


def _processor(device: torch.device) -> str:
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return " ".join([torch.backends.cpu.get_cpu_capability(), *vector_flags()])
