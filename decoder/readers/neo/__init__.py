"""Formats of electrode laboratories that Neo reads."""
