"""The app the tests send requests to: one view for each door an error can come through."""
