"""Values that every package shares; paths, files and this machine."""
