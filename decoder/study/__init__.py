"""Study files: a recording, a network, a decoder and its evaluation, written down in TOML."""
