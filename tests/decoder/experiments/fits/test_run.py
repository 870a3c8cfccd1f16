"""Whole fits of small studies: what is there is not made again, and what is damaged or changed is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import transformers

from hotwire.decoder.experiments.fits import jobs
from hotwire.decoder.experiments.fits.files import load_fit
from hotwire.decoder.experiments.fits.result import Fits
from hotwire.decoder.experiments.fits.run import fit_all
from hotwire.decoder.experiments.fits.session import FitCell
from hotwire.decoder.experiments.fits.subjects import subjects_of
from hotwire.decoder.experiments.kernel.jobs import work_here
from hotwire.decoder.readers import read_npz, write_npz
from hotwire.decoder.recordings.recording import Recording
from hotwire.errors import InputError, UnknownNameError

from ...small_study import made_recording, save_study


@pytest.fixture(scope="module", autouse=True)
def without_bars_of_transformers() -> Iterator[None]:
    transformers.utils.logging.disable_progress_bar()
    yield
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = save_study(tmp_path)
    path.write_text(
        path.read_text().replace("alphas = 0.1", "alphas = [0.1, 1.0]")
        + "[map]\nregions = { front = { first = 0, stop = 5 }, back = { first = 5, stop = 10 } }\n"
    )
    return path


@pytest.fixture
def fitting(tmp_path: Path) -> Callable[..., Fits]:
    def fit(*studies: Path, regions=(), layers=(), **options) -> Fits:
        return fit_all(subjects_of(studies, regions, layers), tmp_path / "out", **options)

    return fit


def files(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.npz")}


def numbers(found: Fits) -> list[dict]:
    return [{name: of for name, of in vars(one).items() if "seconds" not in name} for one in found.fitted]


def test_all_is_fitted_and_kept(study: Path, tmp_path: Path, fitting) -> None:
    found = fitting(study)
    (subject,) = found.subjects
    network = str(tmp_path / "network")
    assert (subject.name, subject.regions, subject.layers) == ("study", ("front", "back"), {network: ("0", "1", "2")})
    assert (len(found.fitted), found.n_made, found.n_kept) == (6, 6, 0)
    kept = files(tmp_path / "out")
    assert len(kept) == 12
    assert {one.file for one in found.fitted} < kept.keys()
    for one in found.fitted:
        assert (one.n_features, one.n_units) == (5, 16)
        assert one.chosen["alpha"] in (0.1, 1.0)
        assert one.at_edge  # of two strengths each is at the edge
        assert one.size_bytes == (tmp_path / "out" / one.file).stat().st_size
    first = found.at("study", FitCell("front", network, "1"))
    assert 0.9 < first.r2 <= 1
    assert first.correlation > 0.9 > 0.3 > first.correlation_shuffled
    assert subject.n_trials == len(made_recording().events.label)
    assert load_fit(tmp_path / "out" / first.file).predict(np.zeros((1, 5))).shape == (1, 16)


def test_only_what_is_lacking_is_made(study: Path, tmp_path: Path, fitting) -> None:
    part = fitting(study, layers=["1"], regions=["front"])
    before = files(tmp_path / "out")
    assert (len(part.fitted), len(before)) == (1, 2)
    whole = fitting(study)
    after = files(tmp_path / "out")
    assert (whole.n_made, whole.n_kept) == (5, 1)
    assert {name: after[name] for name in before} == before
    again = fitting(study)
    assert (again.n_made, again.n_kept) == (0, 6)
    assert files(tmp_path / "out") == after
    assert again.fitted == whole.fitted


def test_what_is_damaged_is_made_anew(study: Path, tmp_path: Path, fitting) -> None:
    first = fitting(study)
    adapter, lost = (tmp_path / "out" / first.fitted[i].file for i in (0, 3))
    (score,) = (tmp_path / "out" / "scores" / "study").glob("back--network--1--*")
    content = bytearray(adapter.read_bytes())
    content[len(content) // 2] ^= 1
    adapter.write_bytes(content)
    score.write_bytes(score.read_bytes()[:200])
    lost.unlink()
    again = fitting(study)
    assert (again.n_made, again.n_kept) == (2, 4)
    assert numbers(again) == numbers(first)
    assert fitting(study).fitted == again.fitted


def test_changed_inputs_are_not_mixed_up(study: Path, tmp_path: Path, fitting) -> None:
    first = fitting(study)
    recording = read_npz(tmp_path / "recording.npz")
    data = recording.data.copy()
    data[0, 0] += 1.0  # of the front
    write_npz(
        Recording(data, recording.rate_hz, recording.feature_names, recording.run, recording.events),
        tmp_path / "recording.npz",
    )
    second = fitting(study)
    assert (second.n_made, second.n_kept) == (3, 3)
    old, new = ({one.file for one in found.fitted} for found in (first, second))
    assert {Path(file).name.split("--")[0] for file in old ^ new} == {"front"}
    study.write_text(study.read_text().replace("[0.1, 1.0]", "[0.1, 2.0]"))
    assert fitting(study).n_kept == 0
    study.write_text(study.read_text().replace("A picture of a {}", "A dog of a {}"))
    assert fitting(study).n_kept == 0
    assert len(files(tmp_path / "out")) == 2 * (6 + 3 + 6 + 6)


def test_several_subjects(study: Path, tmp_path: Path, fitting) -> None:
    folders = [tmp_path / name for name in ("sub-1", "sub-2")]
    for folder in folders:
        folder.mkdir()
        save_study(folder)
    opened = []

    def watching(experiment, batches, cache) -> None:
        for session, own in batches:
            opened.append(session.name)
            work_here(experiment, [(session, own)], cache)

    found = fitting(*(folder / "study.toml" for folder in folders), workers=watching)
    assert opened == [subject.name for subject in found.subjects] == ["sub-1-study", "sub-2-study"]
    assert [one.region for one in found.fitted] == ["all"] * 6
    with pytest.raises(InputError, match="expected each with a name of its own"):
        fitting(study, study)


def test_work_that_is_stopped_goes_on(study: Path, tmp_path: Path, fitting, monkeypatch) -> None:
    usual, n_fitted = jobs.fit, []

    def stopping(session, cell):
        n_fitted.append(cell)
        if len(n_fitted) == 3:
            raise KeyboardInterrupt
        return usual(session, cell)

    monkeypatch.setattr(jobs, "fit", stopping)
    with pytest.raises(KeyboardInterrupt):
        fitting(study)
    before = files(tmp_path / "out")
    n_before = sum(name.startswith("adapters") for name in before)
    assert 1 <= n_before < 6  # the second may still be under way
    monkeypatch.undo()
    found = fitting(study)
    assert found.n_kept >= n_before  # what was under way in another thread may have come to its end
    assert before.items() <= files(tmp_path / "out").items()
    assert not list((tmp_path / "out").rglob("*.part"))


def test_wrong_names_and_folders(study: Path, tmp_path: Path, fitting) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown layer '9'\. There are: 0, 1, 2"):
        fitting(study, layers=["9"])
    with pytest.raises(UnknownNameError, match=r"unknown region 'V1'\. There are: front, back"):
        fitting(study, regions=["V1"])
    with pytest.raises(InputError, match="at least one study"):
        fitting()
    with pytest.raises(InputError, match="holds something else than fits"):
        fit_all(subjects_of([study]), tmp_path)
    with pytest.raises(InputError, match=r"out: there is no folder .* make it first"):
        fit_all(subjects_of([study]), tmp_path / "lost" / "out")
    (tmp_path / "file").write_text("text")
    with pytest.raises(InputError, match="holds something else than fits"):
        fit_all(subjects_of([study]), tmp_path / "file")
    mark = tmp_path / "out" / "fits.json"
    mark.write_text('{"fits": 99, "id": "a"}')
    with pytest.raises(InputError, match="of format 99, this hotwire writes 1"):
        fitting(study)
    mark.write_text("{")
    with pytest.raises(InputError, match=r"fits.json cannot be read"):
        fitting(study)
