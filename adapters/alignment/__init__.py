"""Alignments: from one session's or person's features to another's."""
