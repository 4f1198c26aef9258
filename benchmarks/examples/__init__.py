"""`bort bench examples`."""
