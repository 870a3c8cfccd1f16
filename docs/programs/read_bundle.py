"""Decides with a bundle, by its file format alone: python read_bundle.py BUNDLE ROW.npy

ROW.npy holds what decide.onnx takes: one window after the steps (and features), float32 (n,).
"""

import hashlib
import json
import sys
import zipfile

import numpy as np
import onnxruntime


def read(path):
    """Check the seal and every part; return the manifest and the parts."""
    with open(path, "rb") as file:
        content = file.read()
    if hashlib.sha256(content[:-64]).hexdigest().encode() != content[-64:]:
        raise SystemExit("the file was changed since it was sealed")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    if manifest["format"] > 11:
        raise SystemExit(f"this program reads formats up to 9, got {manifest['format']}")
    if {name: hashlib.sha256(of).hexdigest() for name, of in parts.items()} != manifest["parts"]:
        raise SystemExit("the parts are not those of the manifest")
    return manifest, parts


def opened(parts, name):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    if "weights.bin" in parts:
        weights = parts["weights.bin"]  # has to stay in memory as long as the session
        options.add_external_initializers_from_files_in_memory(["weights.bin"], [weights], [len(weights)])
    return onnxruntime.InferenceSession(parts[name], options)


def text_of(tokens, vocabulary, end):
    """The text, and whether it is at its end."""
    before = tokens[: tokens.index(end)] if end in tokens else tokens
    text = b"".join(vocabulary[token].encode("latin-1") for token in before).decode(errors="replace")
    line, line_break, _ = text.lstrip("\n").partition("\n")
    return line.strip(), bool(line_break) or end in tokens


def decide(manifest, parts, row):
    session, live = opened(parts, "decide.onnx"), manifest["live"]["text"]
    outputs = ["probabilities"] + (["token", "kept"] if live else [])
    probabilities, *spoken = session.run(outputs, {"features": row[None]})
    p = probabilities[0]
    if manifest["calibration"]:
        scores = np.log(np.maximum(p, 2.2250738585072014e-308)) / manifest["calibration"]["temperature"]
        scores += manifest["calibration"]["bias"]
        p = np.exp(scores - scores.max())
        p /= p.sum()
    costs = manifest["decision"]["costs"] or {}
    worth = [costs.get(name, 1.0) * of for name, of in zip(manifest["answers"], p, strict=True)]
    text = None
    if live:
        (token, kept), tokens = spoken, [int(spoken[0][0])]
        vocabulary, speak = json.loads(parts["vocabulary.json"]), opened(parts, "speak.onnx")
        while len(tokens) < live["max_tokens"] and not text_of(tokens, vocabulary, live["end"])[1]:
            given = {"token": token, "step": np.array([len(tokens) - 1]), "kept": kept}
            token, kept = speak.run(["next_token", "next_kept"], given)
            tokens.append(int(token[0]))
        text = text_of(tokens, vocabulary, live["end"])[0]
    return {"answer": manifest["answers"][int(np.argmax(worth))], "probabilities": p.tolist(), "text": text}


if __name__ == "__main__":
    print(json.dumps(decide(*read(sys.argv[1]), np.load(sys.argv[2]))))
