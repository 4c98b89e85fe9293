"""Files are whole or absent: what stood there stands until all is written, links are replaced, nothing is left."""

import errno
import os

import pytest

from experiments.run.files import PART, another, whole, within, write


def test_a_file_takes_the_place_of_the_former(tmp_path):
    path = tmp_path / "new" / "a.txt"
    for content in (b"one", b"another"):
        write(path, content)
        assert path.read_bytes() == content
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]
    (tmp_path / "usual").touch()
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode, "others may read what others may"


@pytest.mark.parametrize("before", [b"former", None])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_what_fails_leaves_what_was_there(tmp_path, before, error):
    path = tmp_path / "a.txt"
    if before:
        path.write_bytes(before)
    with pytest.raises(type(error)), whole(path) as part:  # noqa: PT012
        part.write_bytes(b"half")
        assert part.name.startswith(PART)
        raise error
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == ({"a.txt": before} if before else {})


def test_errors_say_which_file(tmp_path):
    path = tmp_path / "a.txt"
    for error in (OSError(errno.ENOSPC, "full"), OSError(errno.EROFS, "no", "b.txt")):
        with pytest.raises(OSError, match=r"full: '.*/a\.txt'$|no: 'b\.txt'$"), whole(path):
            raise error
    path.mkdir()
    with pytest.raises(OSError, match=r"directory: '[^']*/a\.txt' -> '[^']*/a\.txt'$"):
        write(path, b"content")


@pytest.mark.parametrize("target", ["other.txt", "nowhere", "a.txt"])
def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path, target):
    (tmp_path / "other.txt").write_bytes(b"theirs")
    path = tmp_path / "a.txt"
    path.symlink_to(target)
    write(path, b"ours")
    assert not path.is_symlink()
    assert path.read_bytes() == b"ours"
    assert (tmp_path / "other.txt").read_bytes() == b"theirs"
    assert len(os.listdir(tmp_path)) == 2


def test_a_folder_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "figures").symlink_to("theirs")
    with pytest.raises(OSError, match=r"figures is a link, .*: remove it, or name another folder"):
        within(tmp_path, "figures")
    assert within(tmp_path, "theirs") == tmp_path / "theirs"


def test_names_differ_in_more_than_capitals():
    used = set()
    assert [another(name, used) for name in ("p", "P", "p-2", "p", "q")] == ["p", "P-2", "p-2-2", "p-3", "q"]
