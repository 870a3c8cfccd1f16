"""Adapters for many subjects, regions and layers: fitted here or on a cluster, each kept as a file."""
