"""Recordings of neurons: spike times, trials of single neurons, mean responses."""
