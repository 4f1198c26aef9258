"""`bort bench training`."""
