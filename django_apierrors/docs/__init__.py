"""The documentation of the catalog: HTML pages and exports."""
