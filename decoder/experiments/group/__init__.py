"""Several subjects: their results in one table, with an interval over subjects."""
