"""`bort bench realised`."""
