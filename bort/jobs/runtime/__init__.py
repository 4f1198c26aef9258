"""The life of a job: its process, its attempts, its signs of life."""
