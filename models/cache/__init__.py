"""Arrays on disk, keyed by what they depend on."""
