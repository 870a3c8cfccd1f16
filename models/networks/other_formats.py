"""Files of networks that cannot be opened as they are: what they lack, and how the network becomes an ONNX file."""

from __future__ import annotations

from pathlib import Path

from ...errors import InputError

FROM_TORCH = (
    "in Python export it, torch.onnx.export(network.eval(), (torch.zeros(1, 3, 224, 224),), {onnx!r}) for pictures of "
    "224 x 224, and name that file; or open the module itself, hotwire.models.TorchNetwork(network, example)"
)
FROM_KERAS = (
    'in Python export it, keras.models.load_model({file!r}).export({onnx!r}, format="onnx"), and name that file'
)
FROM_TFLITE = "convert it, python -m tf2onnx.convert --tflite {file} --output {onnx}, and name that file"
LACKS = {
    "weights, and not what is computed with them": (FROM_TORCH, (".pt", ".pth", ".ckpt", ".bin", ".safetensors")),
    "a network of Keras, which hotwire does not install": (FROM_KERAS, (".h5", ".keras")),
    "a network of TensorFlow Lite, which hotwire does not install": (FROM_TFLITE, (".tflite",)),
}
"""What files hold, and what to do, by the endings of their names."""


def check_format(name: str | Path) -> None:
    """Raise `InputError` where a name ends as that of a file from which no network can be opened.

    Examples
    --------
    >>> check_format("mine.onnx")
    >>> check_format("mine.tflite")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    hotwire.errors.InputError: expected an ONNX file, ... --tflite mine.tflite --output mine.onnx, and name that file
    """
    path = Path(name)
    for holds, (advice, endings) in LACKS.items():
        if path.suffix.lower() in endings:
            raise InputError(
                "expected an ONNX file, the folder of a language model or a name of `hotwire models`, got "
                f"{path.name}, which holds {holds}; {advice.format(file=path.name, onnx=f'{path.stem}.onnx')}"
            )
