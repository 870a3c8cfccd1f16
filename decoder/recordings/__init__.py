"""Recordings: samples in time with runs and events, their units, and recordings made, cut or joined."""
