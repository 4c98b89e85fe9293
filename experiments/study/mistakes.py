"""What is wrong with a study file, each mistake with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a study file: where (1-based; line 0 where there is no file), at which path, and what."""

    file: str
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{where}: {self.path}: {self.text}" if self.path else f"{where}: {self.text}"


class ConfigError(ValueError):
    """A study file is wrong; ``mistakes`` lists all that was found."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))

    @classmethod
    def at(cls, place: tuple[str, int, int], text: str, path: str = "") -> ConfigError:
        """The error of one mistake."""
        return cls([Mistake(*place, path, text)])
