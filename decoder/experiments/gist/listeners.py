"""Who heard, where it is no single recording: several people who heard one story, or a synthetic listener."""

from __future__ import annotations

from math import ceil
from typing import Annotated, Any

from pydantic import Field

from ....models.networks.language.language_model import LanguageModel
from ...gist.network_words import read_stories
from ...readers.listeners import read_listeners
from ...recordings.one_story import cut_into_runs
from ...recordings.recording import Recording
from ...recordings.synthetic_listener import SyntheticListener
from ...recordings.timed_words import TimedWords
from ...study.derived import fields_of
from ...study.section import AnyPath, NotNegative, OneOrMore, Positive, Section
from ...study.settings import Layer


class OneStorySection(Section):
    """Several people who heard one story: their mean is decoded, each feature in each one's standard deviations.

    See `hotwire.decoder.readers.listeners.read_listeners`.
    """

    path: OneOrMore[AnyPath]
    tr_s: Positive
    cut_s: list[Positive] = Field(min_length=1)
    """When the runs 1, 2, ... end and the next begin, in seconds; what a word reaches after it is in none."""

    def read(self) -> Recording:
        """Read the listeners, a run each."""
        return read_listeners(self.path, self.tr_s)

    def cut(self, recording: Recording, words: TimedWords, gap: int) -> tuple[Recording, dict[Any, TimedWords]]:
        """Cut the mean and the story's words into runs."""
        return cut_into_runs(recording, words, self.cut_s, gap)


@fields_of(SyntheticListener)
class ListenerSection(Section):
    """See `hotwire.decoder.recordings.synthetic_listener.SyntheticListener`."""

    layer: Layer
    """What the listener responds to: a layer other than the decoder's."""
    silence_s: NotNegative = 12.0
    """Recorded after a run's last word."""
    runs: Annotated[int, Field(ge=2)] | None = None
    """How many of the stories it hears, the shortest first; by default all."""

    def hears(self, words: dict[Any, TimedWords], network: LanguageModel, other_layer: str, n_tokens: int) -> Recording:
        """Its recording of these stories; `other_layer`, the decoder's, is read with them, and then in the cache."""
        listener = SyntheticListener(**self.given("layer", "silence_s", "runs"))
        read = read_stories(network, [self.layer, other_layer], words, n_tokens)
        lengths = {run: ceil((of.offset_s[-1] + self.silence_s) * listener.rate_hz) for run, of in words.items()}
        return listener.record(words, {run: of.states[self.layer] for run, of in read.items()}, lengths)
