"""The tables of results, a file a subject; ``docs/results.py`` writes them into the pages."""
