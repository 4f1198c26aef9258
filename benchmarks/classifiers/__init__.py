"""`bort bench classifiers`."""
