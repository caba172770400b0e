"""Findings in pictures that are there more than once: leaks between splits, contradicting labels, repeats."""

from collections.abc import Iterable, Iterator

import numpy as np

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.inspection.copies import Copies, Copy
from vsr.data.inspection.counts import present_splits
from vsr.data.inspection.file_findings import name
from vsr.data.inspection.findings import Case, Finding, Severity, several

_LEAKS: tuple[tuple[str, str, str], ...] = (
    (
        "train",
        "test",
        "The test figures would count what was learned by heart; remove these from train.",
    ),
    ("train", "val", "Checkpoints would be chosen by what was learned by heart; remove these from train."),
    (
        "val",
        "test",
        "The checkpoint would be chosen on what it is then measured on; remove these from val.",
    ),
)


def copy_findings(catalogue: Catalogue, copies: Copies) -> Iterator[Finding]:
    """Everything to be said of copies, exact and near ones apart.

    What leaks are queries: a picture of the gallery alone may be one that was trained on, as in GroceryStore,
    where the training photos are the gallery.

    An exact copy in another split, on the other side of a search or under another label is an error, a near
    one a warning: somebody has to look at it.
    """
    split = catalogue.table["split"].to_numpy(dtype=str)
    asks = catalogue.table["role"].to_numpy(dtype=str) != "gallery"
    for source, target, advice in _LEAKS:
        if {source, target} <= set(present_splits(catalogue)):
            found = copies.of(
                catalogue.rows(target, "query"),
                lambda _, others, of=source: (split[others] == of) & (asks[others] | (of == "train")),
            )
            kind = f"copies/{source}/{target}"
            yield from _exact_and_near(catalogue, found, kind, f"{target} picture", f"in {source}", advice)
    yield from _query_in_gallery(catalogue, copies, split)
    yield from _contradictions(catalogue, copies)
    yield from _repeats(catalogue, copies, split)
    yield from _cut_apart(catalogue, split)


def _query_in_gallery(catalogue: Catalogue, copies: Copies, split: np.ndarray) -> Iterator[Finding]:
    """Where queries and gallery are told apart: queries whose picture is in their gallery too."""
    role = catalogue.table["role"].to_numpy(dtype=str)
    for measured in ("val", "test"):
        queries = np.flatnonzero((split == measured) & (role == "query"))
        found = copies.of(
            queries,
            lambda _, others, of=measured: (split[others] == of) & np.isin(role[others], ("gallery", "both")),
        )
        yield from _exact_and_near(
            catalogue,
            found,
            f"copies/{measured}/query",
            f"{measured} query",
            "in its own gallery",
            "It finds itself, which tells nothing of the search; remove the copy from the gallery.",
            "queries",
        )


def _contradictions(catalogue: Catalogue, copies: Copies) -> Iterator[Finding]:
    codes = catalogue.codes[:, 0]
    level = catalogue.levels[0]
    labeled = np.flatnonzero(codes >= 0)
    found = copies.of(labeled, lambda row, others: (codes[others] != codes[row]) & (codes[others] >= 0))
    yield from _exact_and_near(
        catalogue,
        _once(found),
        "copies/labels",
        "picture",
        f"under another {level}",
        "One of the two labels is wrong, or both belong to the picture; keep one row.",
    )


def _repeats(catalogue: Catalogue, copies: Copies, split: np.ndarray) -> Iterator[Finding]:
    """Copies within a split and label: they weigh more in training, and are easy hits when measured."""
    codes = catalogue.codes[:, 0]
    for own in present_splits(catalogue):
        found = copies.of(
            catalogue.rows(own),
            lambda row, others, of=own: (
                (split[others] == of) & (codes[others] == codes[row]) & (others < row)
            ),
        )
        effect = (
            "They count double" if own == "train" else "They are found with ease, so figures are too good"
        )
        for some, severity, near in zip(_apart(found), ("warning", "note"), ("", "near "), strict=True):
            if some:
                words = f"is a {near}copy" if len(some) == 1 else f"are {near}copies"
                yield _finding(
                    catalogue,
                    some,
                    severity,
                    f"copies/{own}/{near.strip() or 'exact'}",
                    f"{several(len(some), 'picture')} of {own} {words} of another of the same label.",
                    f"{effect}; keep one of each.",
                )


def _cut_apart(catalogue: Catalogue, split: np.ndarray) -> Iterator[Finding]:
    """Files of which different boxes lie in different splits."""
    if "x" not in catalogue.table:
        return
    by_image = catalogue.table.groupby("image", sort=False)["split"]
    torn = by_image.nunique()
    images = torn.index[(torn > 1).to_numpy()]
    if len(images):
        first = catalogue.table.drop_duplicates(["image", "split"])
        rows = first[first["image"].isin(list(images))].groupby("image", sort=False).groups
        yield Finding(
            "warning",
            "copies/boxes",
            f"{several(len(images), 'file is', 'files are')} cut into boxes of several splits.",
            "Background and light are the same on both sides; put all boxes of a file into one split.",
            tuple(Case(str(image), tuple(int(row) for row in list(rows[image])[:2])) for image in images),
        )


def _exact_and_near(
    catalogue: Catalogue,
    found: Iterable[Copy],
    kind: str,
    who: str,
    where: str,
    advice: str,
    plural: str = "",
) -> Iterator[Finding]:
    exact, near = _apart(found)
    many = f"{who.rpartition(' ')[0]} {plural}".strip() if plural else None
    kinds: tuple[tuple[list[Copy], Severity, str], ...] = (
        (exact, "error", "a copy"),
        (near, "warning", "a near copy"),
    )
    for some, severity, how in kinds:
        if some:
            have = "has" if len(some) == 1 else "have"
            look = "" if some is exact else "Look at the pairs. "
            yield _finding(
                catalogue,
                some,
                severity,
                f"{kind}/{'exact' if some is exact else 'near'}",
                f"{several(len(some), who, many)} {have} {how} {where}.",
                look + advice,
            )


def _finding(
    catalogue: Catalogue, some: list[Copy], severity: Severity, kind: str, text: str, advice: str
) -> Finding:
    return Finding(severity, kind, text, advice, tuple(_case(catalogue, copy) for copy in some))


def _apart(found: Iterable[Copy]) -> tuple[list[Copy], list[Copy]]:
    every = list(found)
    return [copy for copy in every if copy.exact], [copy for copy in every if not copy.exact]


def _once(found: Iterable[Copy]) -> Iterator[Copy]:
    """Each pair from one side only."""
    seen = set()
    for copy in found:
        if (copy.other, copy.row) not in seen:
            seen.add((copy.row, copy.other))
            yield copy


def _case(catalogue: Catalogue, copy: Copy) -> Case:
    text = " = " if copy.exact else " ≈ "
    return Case(text.join(name(catalogue, row) for row in (copy.row, copy.other)), (copy.row, copy.other))
