"""The management commands and their parts."""
