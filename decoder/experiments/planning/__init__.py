"""Planning: before any scan is spent, how many samples and categories a study needs."""
