"""The OpenAPI description of errors, made of the bodies that the formats really write."""

from .components import ErrorComponents
from .names import ComponentNames

__all__ = ["ComponentNames", "ErrorComponents"]
