"""Integrations with packages that this one does not need."""
