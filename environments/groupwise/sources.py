"""Real data: where a file is looked for, and that it is the right one.

Order: a path given by the user; the folder named by the environment variable ``REGRETLAB_DATA`` (in it, a subfolder for
each data set); the cache; the download, which lands in the cache once its digest is right. No data come with this
package.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from bandits.arguments import is_file, shown
from environments.downloads import check_download


@dataclass(frozen=True)
class Source:
    """A file of real data.

    Attributes:
        key: name of the data set.
        folder: subfolder of the data folder.
        file: name of the file.
        url: where it is published.
        terms: licence or terms of use.
        sha256: digest of the file under the URL; empty where it may not be downloaded by us.
        text_sha256: digest with LF line ends and one LF at the end, which a file may have instead; or empty.
        blobs: SHA-1 digests as git makes them of a blob, one of which a file may have instead.
    """

    key: str
    folder: str
    file: str
    url: str
    terms: str
    sha256: str = ""
    text_sha256: str = ""
    blobs: tuple[str, ...] = ()

    def digests(self) -> str:
        """The digests that are accepted, for messages."""
        kinds = [f"SHA-256 {self.sha256}" if self.sha256 else ""]
        kinds += [f"SHA-256 {self.text_sha256} with LF line ends" if self.text_sha256 else ""]
        kinds += [f"git blob SHA-1 {blob}" for blob in self.blobs]
        return " or ".join(filter(None, kinds))

    def fits(self, content: bytes) -> bool:
        """Whether these are the right contents."""
        text = content.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        return (
            hashlib.sha256(content).hexdigest() == self.sha256
            or hashlib.sha256(text).hexdigest() == self.text_sha256
            or blob in self.blobs
        )


def read(source: Source, path: str | None = None, verify: bool = True) -> str:
    """The text of a source's file.

    Args:
        source: which file.
        path: the file itself, looked at instead of all other places; None for the usual places.
        verify: whether to refuse other contents.

    Raises:
        FileNotFoundError: the file is nowhere and cannot be fetched; the message says what to do.
        ValueError: the file found has other contents than it should have.
    """
    if path is not None:
        if not is_file("path", path):
            raise FileNotFoundError(f"path: there is no file {shown(path)} with the data set {source.key}")
        return _content(source, Path(path), verify)
    folder = os.environ.get("REGRETLAB_DATA")
    cached = _cache() / source.folder / source.file
    places = [Path(folder) / source.folder / source.file, cached] if folder else [cached]
    for place in places:
        if place.is_file():
            return _content(source, place, verify)
    way = "a run downloads it" if source.sha256 else "its terms forbid that a run downloads it; get it"
    check_download(f"the data set {source.key}", f"{way} from {source.url}")
    why = _fetch(source, cached) if source.sha256 else "its terms forbid that this package fetches it"
    if not why:
        return _content(source, cached, verify)
    raise FileNotFoundError(
        f"the data set {source.key} needs the file {source.file} ({source.digests()}). Looked for it at "
        f"{', '.join(map(str, places))}; {why}. Get it from {source.url} and put it into {source.folder}/ in the "
        f"folder that the environment variable REGRETLAB_DATA names ({folder or 'unset'}). Terms: {source.terms}"
    )


def _cache() -> Path:
    named = os.environ.get("REGRETLAB_CACHE")
    if named:
        return Path(named) / "data"
    import pooch

    return Path(pooch.os_cache("regretlab")) / "data"


def _fetch(source: Source, target: Path) -> str:
    """Download to ``target``; why that failed, or the empty string."""
    import pooch

    try:
        pooch.retrieve(
            source.url,
            known_hash=f"sha256:{source.sha256}",
            fname=target.name,
            path=target.parent,
            downloader=pooch.HTTPDownloader(timeout=20),
        )
    except Exception as error:  # whatever the network layer raises, the file is missing
        return f"the download failed ({type(error).__name__}: {error})"
    return ""


def _content(source: Source, path: Path, verify: bool) -> str:
    content = path.read_bytes()
    if verify and not source.fits(content):
        found = hashlib.sha256(content).hexdigest()
        raise ValueError(
            f"{path} is not the file {source.file} of the data set {source.key}: expected {source.digests()}, found "
            f"SHA-256 {found}"
        )
    return content.decode("utf-8")
