"""Findings in the pictures themselves: damage, and what the reader treats in its own way."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from vsr.data.catalogue.catalogue import RANGE, Catalogue
from vsr.data.inspection.findings import Case, Finding, Severity, several
from vsr.data.inspection.scan import Scan
from vsr.data.names import escaped

_SUFFIXES = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "MPO": {".jpg", ".jpeg", ".mpo"},  # several JPEGs in one file, as some cameras write
    "PNG": {".png"},
    "WEBP": {".webp"},
    "GIF": {".gif"},
    "BMP": {".bmp"},
    "TIFF": {".tif", ".tiff"},
}
_LONG = 4.0  # ratio of the sides from which a square crop loses most of a picture
_SMALL = 32  # short side, pixels, below which the receptive fields of common networks see one blur


def file_findings(catalogue: Catalogue, scan: Scan) -> Iterator[Finding]:
    """Everything to be said of single pictures."""
    yield from _missing(catalogue)
    yield from _unreadable(catalogue, scan)
    yield from _peculiar(catalogue, scan)
    yield from _suffixes(catalogue, scan)
    yield from _beside(catalogue)


def name(catalogue: Catalogue, row: int) -> str:
    """The picture's path, or place in the pixel array; with its item where that is another word."""
    image, item = str(catalogue.table["image"].iloc[row]), str(catalogue.table["item"].iloc[row])
    return image if catalogue.pixels is None and item.startswith(image) else item


def _missing(catalogue: Catalogue) -> Iterator[Finding]:
    images = catalogue.missing_images
    if images:
        yield Finding(
            "warning",
            "missing",
            f"{several(len(images), 'listed picture is', 'listed pictures are')} not in {catalogue.root}.",
            "They are left out (data.on_missing=skip); figures without them are not those of the whole set.",
            tuple(map(Case, images)),
        )


def _unreadable(catalogue: Catalogue, scan: Scan) -> Iterator[Finding]:
    errors = scan.table["error"]
    rows = np.flatnonzero(~scan.sound)
    if len(rows):
        yield Finding(
            "error",
            "unreadable",
            f"{several(len(rows), 'picture')} cannot be read.",
            "Mend, replace or remove them, or leave them out of training with loader.on_corrupt=skip.",
            tuple(Case(f"{name(catalogue, row)}: {errors.iloc[row]}") for row in map(int, rows)),
        )


def _peculiar(catalogue: Catalogue, scan: Scan) -> Iterator[Finding]:
    table, sound = scan.table, scan.sound
    short = np.minimum(table["width"], table["height"])
    long = np.maximum(table["width"], table["height"])
    deep = table["mode"].str.startswith("I") | (table["mode"] == "F")
    kinds: tuple[tuple[Severity, str, ArrayLike, str, str], ...] = (
        ("warning", "flat", table["flat"], "shows one color and nothing else",
         "Often a placeholder of a failed download; remove them."),
        ("warning", "small", short < _SMALL, f"is less than {_SMALL} pixels wide or high",
         "Enlarged, they show little; remove them or lower data.image_size."),
        ("note", "long", (long > _LONG * short) & (short >= _SMALL), f"is over {_LONG:g} × as long as wide",
         "A square center crop shows the middle only; cut boxes, or keep the aspect."),
        ("note", "animated", table["frames"] > 1, "is animated or has several pages",
         "The first frame is used."),
        ("note", "deep", deep, "has more than 8 bits a channel",
         "16-bit values are scaled to 8 bits, floats over 0..1 or 0..255."),
        ("note", "cmyk", table["mode"] == "CMYK", "is in printing colors (CMYK)",
         "They are converted without a color profile, so colors may be off."),
        ("note", "transparent", table["transparent"], "has transparent parts", "They are laid on white."),
        ("note", "turned", table["turned"], "is stored rotated or mirrored (EXIF orientation)",
         "Turned upright here; other tools may not do so. Boxes are taken to be of the upright picture."),
    )  # fmt: skip
    for severity, kind, which, words, advice in kinds:
        rows = np.flatnonzero(np.asarray(which) & sound)
        if len(rows):
            text = f"{several(len(rows), 'picture')} {words if len(rows) == 1 else _plural(words)}."
            yield Finding(severity, kind, text, advice, tuple(_named(catalogue, rows)))


def _plural(words: str) -> str:
    verb, _, rest = words.partition(" ")
    return f"{ {'shows': 'show', 'is': 'are', 'has': 'have'}[verb] } {rest}".strip()


def _suffixes(catalogue: Catalogue, scan: Scan) -> Iterator[Finding]:
    if catalogue.pixels is not None or _in_shards(catalogue):
        return
    wrong = [
        row
        for row, (image, kind) in enumerate(zip(catalogue.table["image"], scan.table["kind"], strict=True))
        if kind in _SUFFIXES and os.path.splitext(str(image))[1].lower() not in _SUFFIXES[kind]
    ]
    if wrong:
        yield Finding(
            "note",
            "suffix",
            f"{several(len(wrong), 'file is', 'files are')} of another format than the name says.",
            "Read here by content; tools that go by the name will fail.",
            tuple(Case(f"{name(catalogue, row)} is {scan.table['kind'].iloc[row]}", (row,)) for row in wrong),
        )


def _beside(catalogue: Catalogue) -> Iterator[Finding]:
    """Files beside the catalogue's pictures that it does not name: perhaps of a kind that is not read."""
    if catalogue.root is None or _in_shards(catalogue):
        return
    paths = [catalogue.root / str(image) for image in catalogue.table["image"].unique()]
    known = {os.path.normpath(path) for path in paths}
    left: list[Path] = []
    for folder in sorted({path.parent for path in paths}):
        if folder.is_dir():
            files = sorted(one for one in folder.iterdir() if not one.name.startswith(".") and one.is_file())
            left.extend(one for one in files if os.path.normpath(one) not in known)
    if left:
        kinds = Counter(escaped(path.suffix.lower()) or "no suffix" for path in left).most_common(4)
        yield Finding(
            "note",
            "beside",
            f"{several(len(left), 'file lies', 'files lie')} beside the pictures without being in the "
            f"catalogue: {', '.join(f'{n:,} × {kind}' for kind, n in kinds)}.",
            "Convert those that should be (HEIC and AVIF are not read), or list them in the manifest.",
            tuple(Case(_below(path, catalogue.root)) for path in left),
        )


def _in_shards(catalogue: Catalogue) -> bool:
    """Whether ``image`` names files of many pictures, of which there is nothing to say here."""
    return set(RANGE) <= set(catalogue.table.columns)


def _below(path: Path, root: Path) -> str:
    return escaped(path.relative_to(root).as_posix() if path.is_relative_to(root) else path)


def _named(catalogue: Catalogue, rows: np.ndarray) -> Iterator[Case]:
    for row in map(int, rows):
        yield Case(name(catalogue, row), (row,))
