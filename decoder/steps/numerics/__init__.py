"""What several steps compute with: sums over the past, filters, the newest samples. Numpy only."""
