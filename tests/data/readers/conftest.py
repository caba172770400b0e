"""Miniatures of published folders: lists as text, pictures as files that no reader opens."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest


@pytest.fixture
def lay_out(tmp_path) -> Callable[..., Path]:
    """``lay_out("CUB_200_2011", {"images.txt": [...]}, pictures=[...])`` writes a folder and gives it."""

    def write(name: str, lists: dict[str, Iterable[str]], pictures: Iterable[str]) -> Path:
        root = tmp_path / name
        for picture in pictures:
            (root / picture).parent.mkdir(parents=True, exist_ok=True)
            (root / picture).touch()
        for path, lines in lists.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("".join(f"{line}\n" for line in lines))
        return root

    return write
