"""Data sets and their splits: four named tasks, users' files, anything `datasets` can load.

Cheap to import: pyarrow and datasets are imported when something is read.
"""

from bort.tasks.load import list_tasks, load_task, prepare
from bort.tasks.task import OnProgress, Split, Task, TaskInfo

__all__ = ["OnProgress", "Split", "Task", "TaskInfo", "list_tasks", "load_task", "prepare"]
