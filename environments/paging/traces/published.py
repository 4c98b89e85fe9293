"""Published traces by name. None of them is part of the project.

A trace is looked for in the folder named by ``REGRETLAB_DATA`` (in ``traces/``), then in the cache
(``$REGRETLAB_CACHE``, else the user's cache folder for ``regretlab``), and downloaded otherwise. Whatever is used must
have the SHA-256 that is pinned here: that of one number a line, as ``_numbers`` and ``_lines`` turn the published
files into text.

Source: repository ``ben-manes/caffeine`` on GitHub. web07, web12 (HTTP requests on a product detail page, 2013) and
orm-busy-100k (database objects of a web shop, first 100 000 accesses): CC BY 4.0, (c) headissue GmbH, Jens Wilke.
``lirs/...`` (block traces of S. Jiang and X. Zhang, *LIRS*, SIGMETRICS 2002): published there without terms of their
own.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from environments.downloads import check_download
from environments.paging.traces.files import Stamp, stamp_of

_FOLDER = (
    "https://raw.githubusercontent.com/ben-manes/caffeine/ccef95542a9181182a60f5c6c33d2a0642c73574/"
    "simulator/src/main/resources/com/github/benmanes/caffeine/cache/simulator/parser/"
)


class NamedTrace(NamedTuple):
    """A published trace.

    Attributes:
        sha256: of the text.
        published: path of the published file in the source's folder.
        convert: the text of a published file.
    """

    sha256: str
    published: str
    convert: Callable[[bytes], bytes]

    @property
    def url(self) -> str:
        """Where the published file stands."""
        return _FOLDER + self.published


def _numbers(data: bytes, limit: int | None = None) -> bytes:
    """Big-endian 32-bit ids, numbered in the order of first appearance."""
    ids = np.frombuffer(lzma.decompress(data), dtype=">u4")[:limit]
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    return _text(map(str, rank[inverse].tolist()))


def _lines(data: bytes) -> bytes:
    """The lines that are a plain number."""
    return _text(line.strip() for line in gzip.decompress(data).decode().splitlines() if line.strip().isdigit())


def _text(tokens: object) -> bytes:
    return "".join(f"{token}\n" for token in tokens).encode()  # type: ignore[attr-defined]


def _lirs(name: str, sha256: str) -> tuple[str, NamedTrace]:
    return f"lirs/{name}", NamedTrace(sha256, f"lirs/{name}.trace.gz", _lines)


NAMED: dict[str, NamedTrace] = {
    "web07": NamedTrace(
        "3a00331ac81d08a1ca20ae4db8c12b71c2e336730c178186959121b4e3a1bbc3", "cache2k/web07.trace.xz", _numbers
    ),
    "web12": NamedTrace(
        "4e7bfd0b6da3e03f43d37520bd223ec047d154abe0887b4663f16ec10ecf7fa8", "cache2k/web12.trace.xz", _numbers
    ),
    "orm-busy-100k": NamedTrace(
        "9f41c3ec2f0081a2bb05cddc2dbeb69a786665ad938df3aa2b2c071bc834391b",
        "cache2k/orm-busy.trace.xz",
        partial(_numbers, limit=100_000),
    ),
    **dict(
        (
            _lirs("cpp", "d965136830d3fcf2e0065f52dff1c114cd31943da5f7affec0aefbf854a540b3"),
            _lirs("cs", "113992b6d0216e60ab1dd19621f2f0c66eda288ab64b8118f0c881e2cd6bfe40"),
            _lirs("gli", "437c17a78599feb44a35121a167b1f50dc3c72afd3f299e4c5bda30b91bdd602"),
            _lirs("multi1", "99b394840da4e187d0ede6ce3e874f3c510a56faa560e0cb60f150e12d235747"),
            _lirs("multi2", "1eb04dca3c294970ca7a79060ac5a19e9084d518b5baf9cf0fe2766e537899bd"),
            _lirs("multi3", "34253744f3fe334a13cddd7a7d0f7daabf608c2f43b483a6772c17760b8b91fb"),
            _lirs("ps", "b3da01d0fc2fa76aa48bb4e2a5679ec22db4d91c73a330262542e2b8061fd0c8"),
            _lirs("sprite", "e4620bb83c09fb22a159ec414012f6014be50619f4dba8dd0ad095466d28180b"),
        )
    ),
}


def locate(name: str) -> Path:
    """The file of a named trace, downloaded where there is none.

    Raises:
        ValueError: a file of that name is not the pinned one.
        FileNotFoundError: neither found nor downloaded; the message gives file, URL, hash and variable.
    """
    trace, file = NAMED[name], Path("traces") / f"{name}.txt"
    named = os.environ.get("REGRETLAB_DATA")
    for folder in ([partial(Path, named)] if named else []) + [_cache]:
        cached = folder() / file
        if cached.is_file():
            stamp = stamp_of(cached)
            if stamp is None or (stamp, trace.sha256) not in _VERIFIED:
                _verify(cached.read_bytes(), trace, cached)
                _VERIFIED.add((stamp, trace.sha256))
            return cached
    check_download(f"the trace {name}", f"a run downloads it from {trace.url}")
    try:
        text = trace.convert(_download(trace.url))
    except Exception as error:
        raise FileNotFoundError(
            f"trace {name}: neither {file} in the folder named by REGRETLAB_DATA ({named or 'unset'}) nor {cached} is "
            f"there, and downloading {trace.url} failed ({error}); the SHA-256 of {file} is {trace.sha256}"
        ) from error
    _verify(text, trace, trace.url)
    cached.parent.mkdir(parents=True, exist_ok=True)
    part = cached.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(text)
    part.replace(cached)
    return cached


_VERIFIED: set[tuple[Stamp | None, str]] = set()
"""Files that this process has verified, and what they were verified to be."""


def _verify(text: bytes, trace: NamedTrace, where: Path | str) -> None:
    got = hashlib.sha256(text).hexdigest()
    if got != trace.sha256:
        raise ValueError(f"{where} is another version of the trace: its SHA-256 is {got}, pinned is {trace.sha256}")


def _cache() -> Path:
    named = os.environ.get("REGRETLAB_CACHE")
    if named:
        return Path(named)
    import pooch

    return Path(pooch.os_cache("regretlab"))


def _download(url: str) -> bytes:
    import pooch

    with TemporaryDirectory() as folder:
        return Path(pooch.retrieve(url, known_hash=None, path=folder)).read_bytes()
