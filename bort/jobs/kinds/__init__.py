"""What jobs do, one file each."""
