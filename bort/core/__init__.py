"""The values that every floor speaks in; paths, files and this machine."""
