"""`bort bench plans`."""
