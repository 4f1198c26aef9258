"""`bort bench bounds`."""
