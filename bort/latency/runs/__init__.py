"""What can be measured: a space, the winners of a search, the landmarks."""
