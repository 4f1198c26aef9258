"""`bort bench search`."""
