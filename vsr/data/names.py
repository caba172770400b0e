"""Names of files as lists write them and as a disk has them: their spelling, and their bytes."""

import os
import posixpath
import unicodedata
from collections.abc import Sequence
from pathlib import Path


def is_utf8(name: str) -> bool:
    """Whether ``name`` can be written to a table or a page: Python gives other bytes as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped(name: str | Path) -> str:
    r"""``name`` with its bytes that are no UTF-8 as ``\xe9``, fit to be printed and written."""
    try:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a character of UTF-16, as JSON can spell it
        return str(name).encode("utf-8", "backslashreplace").decode()


def not_utf8(names: Sequence[str], where: str) -> str:
    """Which of ``names`` are not UTF-8 as the rest of an error message; empty when all are.

    Args:
        names: of files, perhaps with folders.
        where: the folder or the file that they lie in.
    """
    wrong = [name for name in names if not is_utf8(name)]
    if not wrong:
        return ""
    many = f"{len(wrong)} names in {where} are" if len(wrong) > 1 else f"a name in {where} is"
    return (
        f"{many} not UTF-8, {'the first' if len(wrong) > 1 else 'it'} is '{escaped(wrong[0])}'; rename it "
        "(convmv -r -f latin1 -t utf8 --notest does whole folders)"
    )


def plain_path(name: str, root: Path) -> str:
    """``./p/0.png``, ``p//0.png`` and ``q/../p/0.png``, below ``root``, as ``p/0.png``.

    A folder that is a link makes ``q/../p`` another place: such a path stays as it is.
    """
    plain = posixpath.normpath(name)
    if ".." in name and plain != name:
        try:
            if not os.path.samefile(root / name, root / plain):
                return name
        except (OSError, ValueError):  # it is not there, or has a zero in it
            return name if os.path.exists(root / name) else plain
    return plain


def otherwise_spelled(name: str, root: Path) -> str:
    r"""How the file ``name``, which is not below ``root``, is called there, as the mend of an error message.

    It may be written with ``\`` between folders, in other capitals, with accents put together in another way
    (macOS), with spaces around it, or have on disk a name that is not UTF-8. Empty when there is no such.
    """
    found: list[str] = []
    for part in name.replace("\\", "/").split("/"):
        folder = os.path.join(root, *found)
        if not part or os.path.lexists(os.path.join(folder, part)):
            found.append(part)
            continue
        alike = [one for one in _names(folder) if _loose(one) == _loose(part)]
        if not alike:
            return ""
        found.append(alike[0])
    there = "/".join(found)
    if there == name or not os.path.isfile(os.path.join(root, there)):
        return ""
    if not is_utf8(there):
        return f"'{escaped(there)}' is there, whose name is not UTF-8: rename it"
    if there == name.replace("\\", "/"):
        return f"'{there}' is there: write / between folders"
    return f"'{there}' is there: write it in the same way"


def _loose(name: str) -> str:
    """``name`` without what people and systems spell differently; bytes that are no UTF-8 as Latin-1."""
    text = name if is_utf8(name) else os.fsencode(name).decode("latin-1")
    return unicodedata.normalize("NFC", text).casefold().strip()


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
