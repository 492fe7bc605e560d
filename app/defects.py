"""What is wrong with a content file, said so that the person who wrote it can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Defect:
    """One thing wrong: the `file`, the `entry` in it, what is `wrong` and how to `mend` it."""

    file: str
    entry: str
    wrong: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}: {self.entry}: {self.wrong}. Mend: {self.mend}."


class ContentRefused(Exception):
    """The content has defects, all of them in `defects`; nothing of it may be shown."""

    def __init__(self, defects: Iterable[Defect]):
        self.defects = sorted(set(defects))
        super().__init__("\n".join(map(str, self.defects)))
