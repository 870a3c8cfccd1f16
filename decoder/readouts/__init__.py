"""How a class, or free words, are read from a network into which a state was put."""
