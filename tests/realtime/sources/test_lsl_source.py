"""Sources on real LSL: one process sends, another receives."""

from __future__ import annotations

import signal

import numpy as np
import pytest

from hotwire.decoder.recordings.markers import read_marker
from hotwire.errors import InputError
from hotwire.realtime.sources.lsl_source import LslSource

SEND = """
    import json, sys, time
    import pylsl

    def outlet(name="amp", type="EEG", n=3, rate=100.0, format="float32", id="amp-1", labels=None, units=None):
        info = pylsl.StreamInfo(name, type, n, rate, format, id)
        if labels:
            channels = info.desc().append_child("channels")
            for i, label in enumerate(labels):
                channel = channels.append_child("channel")
                channel.append_child_value("label", label)
                if units:
                    channel.append_child_value("unit", units[i])
        return pylsl.StreamOutlet(info)

    kept = [outlet(**one) for one in json.loads(sys.argv[1])]
    print(json.dumps("ready"))
"""
STIMULI = {"name": "stimuli", "type": "Markers", "n": 1, "rate": 0, "format": "int32", "id": "stim"}
STAY = (
    SEND
    + """
    time.sleep(1000)
"""
)
# The k-th sample, stamped 1000 + k / 100, holds k in every channel.
COUNT = (
    SEND
    + """
    kept[0].wait_for_consumers(60)
    k = 0
    while True:
        kept[0].push_sample([k] * kept[0].channel_count, 1000 + k / 100)
        k += 1
        time.sleep(0.01)
"""
)
RECEIVE = """
    import json, sys, time
    from dataclasses import asdict
    from hotwire.errors import HotwireError, StreamLostError, StreamNotFoundError
    from hotwire.realtime.sources.lsl_source import LslSource
    from hotwire.realtime.sources.source import Marker

    def say(what):
        print(json.dumps(what))

    changes = []

    def marked(source):
        came = source.markers()
        changes.extend(one for one in came if not isinstance(one, Marker))
        return [one for one in came if isinstance(one, Marker)]

    def pull(n, source):
        values, stamps = [], []
        while len(stamps) < n:
            chunk = source.pull(0.5)
            if chunk is not None:
                assert chunk.samples.dtype == "float32"
                values += chunk.samples.tolist()
                stamps += chunk.stamps.tolist()
        return values, stamps

    settings, *more = json.loads(sys.argv[1])
    source = LslSource(**settings)
"""
OPEN = (
    RECEIVE
    + """
    try:
        say(asdict(source.open(3.0)))
    except HotwireError as error:
        say([type(error).__name__, str(error)])
"""
)


def test_source_needs_something_to_go_by():
    with pytest.raises(InputError, match="a name, a type or a source_id"):
        LslSource(markers="stimuli")
    with pytest.raises(InputError, match="buffer_s"):
        LslSource("amp", buffer_s=0)


@pytest.mark.parametrize(
    ("sent", "label", "duration_s"),
    [
        ("face", "face", None),
        (" {face", " {face", None),
        ('{"label": "face"}', "face", None),
        ('{"label": "face", "duration_s": 2}', "face", 2.0),
        ('{"label": "face", "duration_s": -2}', '{"label": "face", "duration_s": -2}', None),
        ('{"name": "face"}', '{"name": "face"}', None),
        ('{"label": "face", "duration_s": "long"}', '{"label": "face", "duration_s": "long"}', None),
        ('{"label": "face", "duration_s": 1e999}', '{"label": "face", "duration_s": 1e999}', None),
        ("", "", None),
    ],
)
def test_reads_markers(sent, label, duration_s):
    assert read_marker(sent) == (label, duration_s)


def test_describes_the_stream_and_keeps_stamps_to_the_bit(lsl):
    sender = lsl.start(COUNT, {"labels": ["Cz", "Pz", "Öz"], "units": ["uV", "uV", "mV"], "rate": 1 / 3})
    sender.says()
    info, values, stamps = lsl.run(
        RECEIVE
        + """
    info = source.open(20.0)
    values, stamps = pull(50, source)
    say([asdict(info), values, stamps])
    """,
        {"name": "amp"},
    )
    assert info == {
        "name": "amp",
        "type": "EEG",
        "source_id": "amp-1",
        "channel_names": ["Cz", "Pz", "Öz"],
        "units": ["uV", "uV", "mV"],
        "rate_hz": 1 / 3,
        "dtype": "float32",
    }
    first = int(values[0][0])
    assert values == [[k] * 3 for k in range(first, first + len(values))]
    assert stamps == [1000 + k / 100 for k in range(first, first + len(stamps))]


def test_numbers_channels_without_labels_and_converts_integers(lsl):
    sender = lsl.start(COUNT, {"format": "int16"})
    sender.says()
    info, values = lsl.run(
        RECEIVE
        + """
    info = source.open(20.0)
    say([asdict(info), pull(5, source)[0]])
    """,
        {"type": "EEG"},
    )
    assert info["channel_names"] == ["channel_1", "channel_2", "channel_3"]
    assert info["units"] == ["", "", ""]
    assert info["dtype"] == "int16"
    assert np.all(np.diff(values, axis=0) == 1)


def test_a_description_of_other_channels_than_are_sent_is_an_error(lsl):
    lsl.start(STAY, {"labels": ["Cz", "Pz"]}).says()
    kind, message = lsl.run(OPEN, {"name": "amp"})
    assert kind == "StreamError"
    assert "describes 2 channels and sends 3" in message


def test_none_found_lists_what_there_is(lsl):
    lsl.start(STAY, {}, {"name": "eye tracker", "type": "Gaze", "id": "et-7", "n": 2, "rate": 60}).says()
    kind, message = lsl.run(OPEN, {"name": "ampp"})
    assert kind == "StreamNotFoundError"
    assert "no stream with name 'ampp'" in message
    assert "'amp' (type 'EEG', source_id 'amp-1', 3 channels, 100 Hz, on " in message
    assert "'eye tracker' (type 'Gaze', source_id 'et-7', 2 channels, 60 Hz, on " in message


def test_an_empty_network_is_told(lsl):
    kind, message = lsl.run(OPEN, {"name": "amp"})
    assert kind == "StreamNotFoundError"
    assert "no stream at all" in message


def test_text_and_irregular_streams_are_no_samples(lsl):
    lsl.start(STAY, {"format": "string", "n": 1}, {"rate": 0, "id": "amp-2"}).says()
    kind, message = lsl.run(OPEN, {"name": "amp"})
    assert kind == "StreamNotFoundError"
    assert "carries text, not samples" in message
    assert "has no regular rate" in message


def test_of_two_streams_one_has_to_be_named(lsl):
    lsl.start(STAY, {"id": "left"}).says()
    lsl.start(STAY, {"id": "right", "rate": 250}).says()
    kind, message = lsl.run(OPEN, {"name": "amp"})
    assert kind == "StreamNotFoundError"
    assert "found 2" in message
    assert "source_id 'left'" in message
    assert "source_id 'right'" in message
    assert lsl.run(OPEN, {"name": "amp", "source_id": "right"})["rate_hz"] == 250


REOPEN = (
    RECEIVE
    + """
    source.open(20.0)
    say(pull(5, source)[1][-1])
    try:
        while True:
            source.pull(0.5)
    except StreamLostError as error:
        say(str(error))
    began = time.monotonic()
    while True:
        try:
            source.open(0.1)  # short calls go on where the last one stopped
            break
        except StreamNotFoundError as error:
            if time.monotonic() - began > more[0]:
                say([type(error).__name__, str(error)])
                sys.exit()
        except StreamLostError as error:
            say([type(error).__name__, str(error)])
            sys.exit()
    say(["found", pull(5, source)[0][0][0]])
"""
)


def test_a_restarted_outlet_is_found_again(lsl):
    sender = lsl.start(COUNT, {})
    sender.says()
    receiver = lsl.start(REOPEN, {"name": "amp"}, 50)
    receiver.says()
    sender.kill()
    assert "is gone" in receiver.says()
    lsl.start(COUNT, {}).says()
    what, first = receiver.result()
    assert what == "found"
    assert first < 5


@pytest.mark.slow
def test_another_source_id_is_not_taken(lsl):
    sender = lsl.start(COUNT, {})
    sender.says()
    receiver = lsl.start(REOPEN, {"name": "amp"}, 10)
    receiver.says()
    sender.kill()
    receiver.says()
    lsl.start(COUNT, {"id": "amp-2"}).says()
    kind, message = receiver.result()
    assert kind == "StreamNotFoundError"
    assert "source_id 'amp-1'" in message
    assert "'amp' (type 'EEG', source_id 'amp-2'" in message


def test_without_source_id_a_stream_cannot_be_found_again(lsl):
    sender = lsl.start(COUNT, {"id": ""})
    sender.says()
    receiver = lsl.start(REOPEN, {"name": "amp"}, 10)
    receiver.says()
    sender.kill()
    receiver.says()
    kind, message = receiver.result()
    assert kind == "StreamLostError"
    assert "has no source_id" in message


def test_a_stopped_outlet_is_silent_and_goes_on(lsl):
    sender = lsl.start(COUNT, {})
    sender.says()
    receiver = lsl.start(
        RECEIVE
        + """
    source.open(20.0)
    before = pull(5, source)
    say("live")
    silent_since = time.monotonic()
    while time.monotonic() - silent_since < 1:
        chunk = source.pull(0.2)
        if chunk is not None:
            before[0].extend(chunk.samples.tolist())
            silent_since = time.monotonic()
    say("silent")
    say([before[0], pull(20, source)[0]])
    """,
        {"name": "amp"},
    )
    receiver.says()
    sender.send(signal.SIGSTOP)
    assert receiver.says() == "silent"
    sender.send(signal.SIGCONT)
    before, after = receiver.result()
    values = [value for value, *_ in before + after]
    assert values == list(np.arange(values[0], values[0] + len(values)))


@pytest.mark.slow
def test_opened_again_while_silent_it_searches_anew(lsl):
    sender = lsl.start(COUNT, {}, STIMULI)
    sender.says()
    receiver = lsl.start(
        RECEIVE
        + """
    source.open(20.0)
    pull(5, source)
    say("live")
    while source.pull(0.25) is not None:
        pass
    try:
        source.open(2.0)
    except StreamNotFoundError as error:
        assert marked(source) == []
        say("not found")
    source.open(30.0)
    values = pull(5, source)[0]
    while not changes[-1].is_there:
        pull(1, source)
        marked(source)
    say([values, changes])
    """,
        {"name": "amp", "markers": "stimuli"},
    )
    receiver.says()
    sender.send(signal.SIGSTOP)
    assert receiver.says() == "not found"
    sender.send(signal.SIGCONT)
    values, changes = receiver.result()
    assert len(values) >= 5
    assert [is_there for is_there, _ in changes] == [True, False, True]
    assert "looked for again: samples fell silent" in changes[1][1]


def test_markers(lsl):
    sender = lsl.start(
        SEND
        + """
    samples, markers = kept
    samples.wait_for_consumers(60)
    for i, marker in enumerate(["face", '{"label": "house", "duration_s": 15}', b"caf\\xe9"]):
        markers.push_sample([marker], 500.0 + i / 7)
    while True:
        samples.push_sample([0] * 3)
        time.sleep(0.01)
    """,
        {},
        {**STIMULI, "format": "string"},
    )
    sender.says()
    receiver = lsl.start(
        RECEIVE
        + """
    source.open(20.0)
    came = []
    while len(came) < 3:
        source.pull(0.1)
        came += marked(source)
    say(came)
    try:
        while True:
            source.pull(0.1)
            marked(source)
    except StreamLostError as error:
        say(str(error))
    """,
        {"name": "amp", "markers": "stimuli"},
    )
    came = receiver.says()
    assert [marker[:3] for marker in came] == [
        ["face", 500.0, None],
        ["house", 500.0 + 1 / 7, 15.0],
        ["caf\ufffd", 500.0 + 2 / 7, None],
    ]
    sender.kill()
    assert "is gone" in receiver.result()


TALK = """
    kept[0].wait_for_consumers(60)
    while True:
        kept[0].push_sample([%s])
        time.sleep(0.1)
"""
# Pulls samples and markers until so many changes and then a marker came.
LISTEN = """
    def listen(n_changes, label=None):
        values, came = [], []
        while len(changes) < n_changes or (label is not None and label not in [one.label for one in came]):
            values += pull(1, source)[0]
            came += marked(source)
        return values
"""


@pytest.mark.slow
@pytest.mark.parametrize("source_id", ["stim", ""])
def test_a_lost_stream_of_markers_is_told_and_found_again_while_samples_go_on(lsl, source_id):
    lsl.start(COUNT, {}).says()
    stream = {**STIMULI, "id": source_id}
    markers = lsl.start(SEND + TALK % 3, stream)
    markers.says()
    receiver = lsl.start(
        RECEIVE
        + LISTEN
        + """
    source.open(20.0)
    values = listen(1, "3")
    say("live")
    values += listen(2)
    values += pull(100, source)[0]
    say("goes on")
    values += listen(3, "4")
    source.close()
    say([changes, [value for value, *_ in values]])
    """,
        {"name": "amp", "markers": "stimuli"},
    )
    receiver.says()
    markers.kill()
    assert receiver.says() == "goes on"
    lsl.start(SEND + TALK % 4, stream).says()
    changes, values = receiver.result()
    assert [is_there for is_there, _ in changes] == [True, False, True]
    assert "marker stream with name 'stimuli' is gone: its outlet was closed" in changes[1][1]
    assert values == list(np.arange(values[0], values[0] + len(values)))


@pytest.mark.slow
def test_markers_with_another_source_id_are_not_taken_and_it_is_said(lsl):
    lsl.start(COUNT, {}).says()
    markers = lsl.start(SEND + TALK % 3, STIMULI)
    markers.says()
    receiver = lsl.start(
        RECEIVE
        + LISTEN
        + """
    source.open(20.0)
    listen(1, "3")
    say("live")
    listen(3)
    say(changes[2].why)
    """,
        {"name": "amp", "markers": "stimuli"},
    )
    receiver.says()
    markers.kill()
    lsl.start(SEND + TALK % 4, {**STIMULI, "id": "another"}).says()
    told = receiver.result()
    assert told.startswith("no marker stream with name 'stimuli' and source_id 'stim' after ")
    assert "'stimuli' (type 'Markers', source_id 'another'" in told


@pytest.mark.slow
def test_samples_begin_without_markers_which_come_later(lsl):
    lsl.start(COUNT, {}, {"name": "stimulus", "type": "Markers", "n": 1, "rate": 0, "id": "s"}).says()
    receiver = lsl.start(
        RECEIVE
        + LISTEN
        + """
    source.open(20.0)
    values = pull(50, source)[0] + listen(1)
    say(changes[0])
    values += listen(2, "4")
    say([changes[1:], [value for value, *_ in values]])
    """,
        {"name": "amp", "markers": "stimuli"},
    )
    is_there, why = receiver.says()
    assert not is_there
    assert why.startswith("no marker stream with name 'stimuli' after ")
    assert "'stimulus' (type 'Markers', source_id 's'" in why
    lsl.start(SEND + TALK % 4, STIMULI).says()
    changes, values = receiver.result()
    assert changes == [[True, "the LSL marker stream with name 'stimuli' is there"]]
    assert values == list(np.arange(values[0], values[0] + len(values)))


def test_samples_are_no_markers(lsl):
    lsl.start(STAY, {}).says()
    kind, message = lsl.run(OPEN, {"name": "amp", "markers": "amp"})
    assert kind == "StreamNotFoundError"
    assert "these are samples, not markers" in message


@pytest.mark.slow
def test_a_slow_consumer_loses_the_oldest_and_stamps_tell(lsl):
    n_sent = 100_000
    sender = lsl.start(
        SEND
        + f"""
    import numpy as np
    kept[0].wait_for_consumers(60)
    time.sleep(1)
    for first in range(0, {n_sent}, 100):
        k = np.arange(first, first + 100)
        kept[0].push_chunk(np.repeat(k[:, None], 3, 1), 1000 + k / 100)
        time.sleep(0.0005)
    print(json.dumps("sent"))
    time.sleep(1000)
    """,
        {},
    )
    sender.says()
    receiver = lsl.start(
        RECEIVE
        + """
    source.open(20.0)
    say("open")
    time.sleep(4)
    values, stamps = [], []
    while (chunk := source.pull(0.5)) is not None:
        values += chunk.samples[:, 0].tolist()
        stamps += chunk.stamps.tolist()
    say([values, stamps])
    """,
        {"name": "amp", "buffer_s": 1},
    )
    receiver.says()
    sender.says()
    values, stamps = map(np.array, receiver.result())
    assert len(values) < n_sent
    assert values[-1] == n_sent - 1
    assert np.array_equal(stamps, 1000 + values / 100)
    assert np.all(np.diff(values) >= 1)


def test_a_closing_outlet_that_still_answers_is_not_taken_for_its_successor(lsl):
    # LSL's search remembers the old outlet for seconds after it is gone, beside the new one with the same source_id.
    assert lsl.run("""
        import json, time
        import pylsl
        from hotwire.realtime.sources.lsl_link import Link

        def outlet():
            return pylsl.StreamOutlet(pylsl.StreamInfo("lab", "EEG", 1, 100.0, pylsl.cf_float32, "lab-1"))

        link = Link("stream", {"name": "lab"}, lambda info: "", 10.0)
        first = outlet()
        uids = [link.connect(time.monotonic() + 20).uid()]
        link._resolver = pylsl.ContinuousResolver()
        for n in (1, 2):
            until = time.monotonic() + 20
            while len(link._resolver.results()) < n and time.monotonic() < until:
                time.sleep(0.01)
            if n == 1:
                first = None
                second = outlet()
        remembered = len(link._resolver.results())
        link.lost()
        uids.append(link.connect(time.monotonic() + 20).uid())
        print(json.dumps([remembered, uids[0] != uids[1], uids[1] == second.get_info().uid()]))
    """) == [2, True, True]


@pytest.mark.slow
def test_two_streams_of_markers_are_refused_and_the_search_rests_in_between(lsl):
    first = lsl.start(STAY, {**STIMULI, "id": "one"})
    second = lsl.start(STAY, {**STIMULI, "id": "two"})
    first.says()
    second.says()
    receiver = lsl.start(
        RECEIVE
        + LISTEN
        + """
    from hotwire.realtime.sources import lsl_link
    searches = []
    search = lsl_link.Link._search
    lsl_link.Link._search = lambda link, until: searches.append(link.what) or search(link, until)
    try:
        source.open(3.0)
        say("opened")
    except StreamNotFoundError as error:
        say([str(error), searches.count("marker stream")])
    """,
        {"name": "amp", "markers": "stimuli"},
    )
    told, n_searches = receiver.result()
    assert "expected one the LSL marker stream with name 'stimuli', found 2" in told
    assert 1 <= n_searches < 100
