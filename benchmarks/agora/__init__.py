"""`bort bench agora`."""
