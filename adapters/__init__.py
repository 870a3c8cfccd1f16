"""Linear maps from brain activity to a layer of a network: arrays in, arrays out."""

import lazy_loader

# The stub beside this file says which name lies where.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
