"""The engine: one stream in, decisions out."""
