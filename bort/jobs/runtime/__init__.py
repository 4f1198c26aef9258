"""The life of a job: its process, attempts and heartbeat."""
