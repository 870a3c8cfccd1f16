"""The live runtime imports from an install without extras, and brings nothing heavy along."""

import sys
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter

HEAVY = (
    "torch",
    "sklearn",
    "scipy",
    "mne",
    "nibabel",
    "matplotlib",
    "transformers",
    "onnx",
    "safetensors",
    "pandas",
    "pyxdf",
    "click",
    "pydantic",
    "rich",
)

installed = [name for name in HEAVY if find_spec(name)]
if installed:
    sys.exit(f"an install without extras brought {', '.join(installed)}")
start = perf_counter()
realtime = import_module("hotwire.realtime")
for name in realtime.__all__:
    getattr(realtime, name)
print(f"all of hotwire.realtime imports in {perf_counter() - start:.2f} s")
loaded = [name for name in HEAVY if name in sys.modules]
if loaded:
    sys.exit(f"the live runtime imports {', '.join(loaded)}")
print("the live runtime imports without extras")
