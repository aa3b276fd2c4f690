"""The admin of maintenance."""
