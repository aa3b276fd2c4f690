"""The admin of the error catalog."""
