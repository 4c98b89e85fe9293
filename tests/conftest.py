"""Fixtures of all tests."""

import gc
import os
import sys
import tempfile
import zlib
from pathlib import Path

import pooch
import pytest

os.environ.setdefault("MPLBACKEND", "agg")
gc.set_threshold(50_000, *gc.get_threshold()[1:])  # with the default, garbage is looked for a tenth of the time


def pytest_collection_finish():
    """What is there before the first test, modules and thousands of tests, stays to the end: it is no garbage."""
    gc.freeze()


def pytest_configure(config):
    """Have workers that need the same kernel at the same time compile it once: the others wait, and load it."""
    if not hasattr(config, "workerinput") or sys.platform == "win32":
        return
    import fcntl

    from numba.core.dispatcher import Dispatcher

    path = Path(tempfile.gettempdir(), f"kernels-of-tests-{config.workerinput['testrunuid']}")
    compiled, ours = Dispatcher.compile, set()
    file = path.open("ab")
    config.add_cleanup(file.close)
    config.add_cleanup(lambda: path.unlink(missing_ok=True))

    def alone(self, signature):
        code = self.py_func.__code__
        place = zlib.crc32(f"{code.co_filename}:{code.co_firstlineno}".encode())
        if place in ours or not hasattr(self._cache, "_cache_file"):  # it is called by itself, or kept nowhere
            return compiled(self, signature)
        try:
            fcntl.lockf(file, fcntl.LOCK_EX, 1, place)
        except OSError:  # two wait for each other
            return compiled(self, signature)
        ours.add(place)
        try:
            return compiled(self, signature)
        finally:
            ours.discard(place)
            fcntl.lockf(file, fcntl.LOCK_UN, 1, place)

    Dispatcher.compile = alone


@pytest.hookimpl(optionalhook=True)
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
