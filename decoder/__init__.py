"""From a recording to an answer: recordings, steps, readouts, the Decoder and its evaluation."""
