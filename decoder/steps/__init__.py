"""The chunk-by-chunk pieces of preprocessing."""
