"""Tasks and their splits: four named tasks, users' files, anything `datasets` can load.

Cheap to import: pyarrow and datasets are only imported when something is read.
"""

from bort.tasks.load import load_task
from bort.tasks.named import anchored, list_tasks, prepare, resolve
from bort.tasks.task import DataFlaw, DataWarning, Split, Task, TaskInfo

__all__ = [
    "DataFlaw",
    "DataWarning",
    "Split",
    "Task",
    "TaskInfo",
    "anchored",
    "list_tasks",
    "load_task",
    "prepare",
    "resolve",
]
