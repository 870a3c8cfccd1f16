"""Programs in C++ and JavaScript run an exported decoder, as the guide has them; skipped where their tools are not."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from hotwire.decoder.bundle.sample_graph.export import export_onnx
from hotwire.decoder.steps import BandPass, Reference
from hotwire.decoder.windows import SlidingEpoch

from .electrode_study import NAMES, made_session, saved

PROGRAMS = Path(__file__).parents[3] / "docs" / "programs"
FIRST, EVERY = 50, 20


def exported(folder: Path) -> tuple[int, list[list[float]]]:
    """Write the decoder and its samples; return the size of its state, and what it decides."""
    decoder = saved(folder, [Reference(), BandPass(8.0, 30.0)], SlidingEpoch(FIRST / 100, EVERY / 100))
    made = export_onnx(folder / "d.hotwire", folder / "d.onnx")
    recording = made_session(1, seed=5)
    recording.data.tofile(folder / "samples.f32")
    return int(made.says["state_size"]), [list(one.probabilities.values()) for one in decoder.predict(recording)]


def compiled(folder: Path) -> Path:
    """Compile the C++ program against the onnxruntime that Python has; its header has to be on the compiler's path."""
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("no C++ compiler, c++")
    asked = subprocess.run(
        [compiler, "-E", "-x", "c++", "-"], input="#include <onnxruntime_c_api.h>", capture_output=True, text=True
    )
    libraries = sorted((Path(onnxruntime.__file__).parent / "capi").glob("libonnxruntime.so.*"))
    if asked.returncode or not libraries:
        pytest.skip("no onnxruntime_c_api.h on the compiler's path (CPATH); Python's onnxruntime comes without it")
    (folder / "libonnxruntime.so.1").symlink_to(libraries[0])
    program = folder / "decode"
    link = ["-L", str(folder), "-l:libonnxruntime.so.1", f"-Wl,-rpath,{folder}"]
    subprocess.run([compiler, "-Wall", "-Werror", PROGRAMS / "decode.cc", "-o", program, *link], check=True)
    return program


def test_in_cpp(tmp_path: Path) -> None:
    program = compiled(tmp_path)
    _, expected = exported(tmp_path)
    arguments = [tmp_path / "d.onnx", tmp_path / "samples.f32", len(NAMES), FIRST, EVERY]
    said = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=True).stdout
    np.testing.assert_array_equal([[float(p) for p in line.split()] for line in said.splitlines()], expected)


IN_NODE = """
import {{ readFileSync }} from "node:fs";
import {{ createRequire }} from "node:module";
import {{ openDecoder }} from "{program}";
const ort = createRequire(process.cwd() + "/")("onnxruntime-{kind}");
const bytes = readFileSync("samples.f32");
const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const decide = await openDecoder(ort, readFileSync("d.onnx"), {n_state});
const came = [];
for (let done = 0, n = {first}; done + n <= samples.length / {n}; done += n, n = {every})
  came.push(await decide(samples.slice(done * {n}, (done + n) * {n}), {n}));
console.log(JSON.stringify(came));
"""


@pytest.mark.parametrize("kind", ["web", "node"])
def test_in_javascript(kind: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node, node")
    package = f"onnxruntime-{kind}"
    if subprocess.run([node, "-e", f"require.resolve('{package}')"], capture_output=True).returncode:
        pytest.skip(f"Node does not find {package} (NODE_PATH), which is an npm package")
    n_state, expected = exported(tmp_path)
    script = tmp_path / "run.mjs"
    program = (PROGRAMS / "decode.mjs").as_uri()
    script.write_text(
        IN_NODE.format(program=program, kind=kind, n_state=n_state, first=FIRST, every=EVERY, n=len(NAMES))
    )
    said = subprocess.run([node, script], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    # kernels for JavaScript add up in another order
    np.testing.assert_allclose(json.loads(said), expected, rtol=1e-4, atol=1e-6)
