"""Fixtures of all tests."""

import os
from pathlib import Path

import pooch
import pytest

os.environ.setdefault("MPLBACKEND", "agg")


def pytest_xdist_auto_num_workers(config):
    """One worker more than there are processors: some tests wait for programs that they start."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def _private_cache(tmp_path_factory):
    """Cost tables and downloads of the tests stay out of the user's cache."""
    if "REGRETLAB_CACHE" not in os.environ:
        os.environ["REGRETLAB_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session", autouse=True)
def _no_downloads():
    """Tests never reach for the network."""

    def refuse(self, url, *arguments, **options):
        raise OSError(f"tests do not download ({url})")

    patch = pytest.MonkeyPatch()
    patch.setattr(pooch.HTTPDownloader, "__call__", refuse)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def data_folder():
    """The folder of real data, or a skip that says why."""
    folder = os.environ.get("REGRETLAB_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("REGRETLAB_DATA names no folder with the real data")
    return Path(folder)
