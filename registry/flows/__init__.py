"""The register's state machines: one file each, read from top to bottom like the manual's chapter."""
