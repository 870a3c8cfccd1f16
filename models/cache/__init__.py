"""Arrays kept on disk, keyed by what they depend on."""
