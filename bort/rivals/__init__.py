"""Other people's small classifiers, made on the same splits and measured in the same rounds."""
