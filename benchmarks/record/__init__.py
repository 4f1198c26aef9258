"""`bort bench record`."""
