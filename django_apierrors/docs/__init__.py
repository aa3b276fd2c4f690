"""The documentation of the catalog: pages for people, exports for programs."""
