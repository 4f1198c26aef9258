"""`bort bench answers`."""
