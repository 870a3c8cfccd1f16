"""Sounds, before any network hears them: their files, and what the cochlea makes of them."""
