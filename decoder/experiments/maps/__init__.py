"""Injection maps: region by time by layer, where does the network understand what it is given?

Names are imported when they are first used, as in `hotwire.decoder`.
"""

import lazy_loader

# The stub beside this file says which name lies where.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
