"""`bort bench parallel`."""
