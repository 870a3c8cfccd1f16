// Runs a decoder that `hotwire export` wrote, in a web page (onnxruntime-web) or in Node (onnxruntime-node).
// nState is `state_size` of the file's metadata, which `hotwire export` prints.

export async function openDecoder(ort, model, nState) {
  const session = await ort.InferenceSession.create(model);
  let state = new ort.Tensor("float64", new Float64Array(nState), [nState]); // zeros at the beginning
  return async function decide(samples, nChannels) {
    // samples: a Float32Array of those since the last call, sample by sample
    const rows = new ort.Tensor("float32", samples, [samples.length / nChannels, nChannels]);
    const came = await session.run({ samples: rows, state });
    state = came.next_state;
    return came.usable.data[0] ? Array.from(came.probabilities.data) : null;
  };
}
