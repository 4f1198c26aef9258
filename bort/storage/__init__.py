"""Everything that outlives a process: studies, evaluations, latency profiles, jobs and their files.

The only code that opens the database or a run's files. SQLite by default, PostgreSQL by URL.
"""

from bort.storage.agora import AgoraRoundRecord
from bort.storage.audits import AuditRecord
from bort.storage.deleting import Deletion, StillUsedError, Thing, ThingKind
from bort.storage.models import ModelRecord, fetch_model, models_folder
from bort.storage.record import Entry, RecordFault
from bort.storage.recorded import coming_examples, ensure_examples, export_study, import_study
from bort.storage.recorded_jobs import ensure_example_jobs, export_job
from bort.storage.records import (
    Ending,
    EndingCode,
    EvaluationRecord,
    EventCode,
    Heartbeat,
    JobEvent,
    JobRecord,
    JobState,
    ProcessIdentity,
    ProfileKey,
    ProfileRecord,
    StudyRecord,
)
from bort.storage.runs import append_log, fetch_folder, file_of, open_log, push_folder, read_log
from bort.storage.store import Store, check_store, open_store, open_to_read

__all__ = [
    "AgoraRoundRecord",
    "AuditRecord",
    "Deletion",
    "Ending",
    "EndingCode",
    "Entry",
    "EvaluationRecord",
    "EventCode",
    "Heartbeat",
    "JobEvent",
    "JobRecord",
    "JobState",
    "ModelRecord",
    "ProcessIdentity",
    "ProfileKey",
    "ProfileRecord",
    "RecordFault",
    "StillUsedError",
    "Store",
    "StudyRecord",
    "Thing",
    "ThingKind",
    "append_log",
    "check_store",
    "coming_examples",
    "ensure_example_jobs",
    "ensure_examples",
    "export_job",
    "export_study",
    "fetch_folder",
    "fetch_model",
    "file_of",
    "import_study",
    "models_folder",
    "open_log",
    "open_store",
    "open_to_read",
    "push_folder",
    "read_log",
]
