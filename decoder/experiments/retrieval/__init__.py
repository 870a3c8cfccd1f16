"""Which stretch of a story a listener hears: retrieval, by an encoding model fitted to other listeners."""
