"""`bort bench few-labels`."""
