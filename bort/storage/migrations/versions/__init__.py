"""The migrations, one file each. A released one never changes."""
