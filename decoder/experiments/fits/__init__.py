"""Adapters for many subjects, regions and layers: fitted here or on a cluster, each saved as a file."""
