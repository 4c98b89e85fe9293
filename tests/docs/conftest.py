"""Programs and files that a page shows, on disk, with the command line beside them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


class Page:
    """The named blocks of a page, written into a folder: ``<!-- name -->`` above a fenced block names it."""

    def __init__(self, path, folder):
        text = (ROOT / path).read_text(encoding="utf-8")
        self.blocks = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", text, flags=re.S))
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir()
        for name, block in self.blocks.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(block, encoding="utf-8")
        command = self.bin / "regretlab"
        command.write_text(
            f"#!/bin/sh\nexec '{sys.executable}' -c '"
            'import sys; sys.path.remove(""); from experiments.cli import main; main(prog_name="regretlab")'
            '\' "$@"\n',
            encoding="utf-8",
        )
        command.chmod(0o755)

    def run(self, *words):
        """Run a command in the folder; it must succeed. Returns what it prints."""
        words = [sys.executable if word == "python" else word for word in words]
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, env={**os.environ, "PATH": path})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def regretlab(self, *lines):
        """Commands one after another, in one process, as starting takes long; all must succeed. Their outputs."""
        return json.loads(self.run("python", "-c", COMMANDS, *lines).splitlines()[-1])


COMMANDS = """
import json, shlex, sys
sys.path.remove("")
from click.testing import CliRunner
from experiments.cli import main
done = [CliRunner().invoke(main, shlex.split(line)) for line in sys.argv[1:]]
print(*(one.output for one in done if one.exit_code), json.dumps([one.output for one in done]), sep="\\n")
sys.exit(max(one.exit_code for one in done))
"""


@pytest.fixture
def page(tmp_path):
    """Makes a ``Page`` of a file, by its path in the repository."""
    return lambda path: Page(path, tmp_path)


@pytest.fixture
def importable(page, monkeypatch):
    """Makes a ``Page`` whose modules can be imported in this test, and forgets them afterwards."""

    def make(path):
        made = page(path)
        monkeypatch.syspath_prepend(str(made.folder))
        for name in made.blocks:
            module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            monkeypatch.setitem(sys.modules, module, None)
            del sys.modules[module]
        return made

    return make
