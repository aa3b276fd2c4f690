"""The app the tests send requests to: one view of each kind that an error can be raised in."""
