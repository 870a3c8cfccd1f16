"""Pictures that are made for a network: a generator, an objective of its pictures, and one optimiser."""
