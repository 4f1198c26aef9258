"""The measurements: a space, the winners of a search, the landmarks."""
