"""`bort bench latency`."""
