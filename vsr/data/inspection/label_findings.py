"""Findings in labels, splits and roles: all that a catalogue tells without opening a picture."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.inspection.counts import class_sizes, present_splits
from vsr.data.inspection.findings import Case, Finding, several
from vsr.data.relevance.label_relevance import relevance_of
from vsr.data.relevance.ragged import owners

_MEASURED = ("val", "test")


def label_findings(catalogue: Catalogue, imbalance: float) -> Iterator[Finding]:
    """Everything to be said of labels, splits and roles.

    Args:
        catalogue: of pictures.
        imbalance: how many times the median class the largest may be.
    """
    yield from _splits(catalogue)
    if "train" in present_splits(catalogue):
        yield from _training_labels(catalogue, imbalance)
    for split in _MEASURED:
        if split in present_splits(catalogue):
            yield from _queries(catalogue, split)
    yield from _overlap(catalogue)
    yield from _spelling(catalogue)
    yield from _nesting(catalogue)


def _splits(catalogue: Catalogue) -> Iterator[Finding]:
    there = present_splits(catalogue)
    if "train" not in there:
        yield Finding(
            "error", "splits/train", "There is no train split.", "Nothing can be learned; name one in split."
        )
    for split, lost in (("val", "choosing a checkpoint"), ("test", "the final measurement")):
        if split not in there:
            yield Finding(
                "warning",
                f"splits/{split}",
                f"There is no {split} split.",
                f"Without it there is no {lost}; hold some labels out.",
            )


def _training_labels(catalogue: Catalogue, imbalance: float) -> Iterator[Finding]:
    sizes = class_sizes(catalogue, "train")
    level = catalogue.levels[0]
    single = [str(label) for label, size in sizes.items() if size == 1]
    if len(sizes) < 2:
        yield Finding(
            "error",
            "labels/one",
            f"All training pictures have the same {level}.",
            "A contrastive loss needs something to tell apart; check the label column.",
        )
    elif len(single) == len(sizes):
        yield Finding(
            "error",
            "labels/no-positives",
            f"No {level} of train has two pictures: nothing belongs together.",
            "Check the label column, use a coarser one (data.levels), or data/positives=augment.",
        )
    elif len(single):
        yield Finding(
            "warning",
            "labels/single",
            f"{several(len(single), 'label')} of train ({len(single) / len(sizes):.0%}) "
            f"{'has' if len(single) == 1 else 'have'} one picture only, so no positive but itself.",
            "They serve as negatives; add pictures or merge them, if they are to be learned.",
            tuple(_shown(catalogue, catalogue.rows("train"), single)),
        )
    if sizes.max() > imbalance * sizes.median():
        yield Finding(
            "warning",
            "labels/imbalance",
            f"The largest label of train has {several(int(sizes.max()), 'picture')}, the median one "
            f"{sizes.median():g}.",
            "Keep sampler=balanced, so that each label is seen as often, and look whether the largest is a "
            "rest that means nothing.",
            tuple(_shown(catalogue, catalogue.rows("train"), sizes.index[:3])),
        )


def _queries(catalogue: Catalogue, split: str) -> Iterator[Finding]:
    """Queries that have nothing to find, as the metrics define it."""
    queries, gallery = catalogue.rows(split, "query"), catalogue.rows(split, "gallery")
    for rows, role in ((queries, "query"), (gallery, "gallery")):
        if not len(rows):
            yield Finding(
                "error",
                f"roles/{split}",
                f"No picture of {split} is a {role}: nothing can be measured.",
                "Give role query, gallery or both to the pictures.",
            )
            return
    relevance = relevance_of(catalogue, queries, gallery)
    ideal = relevance.ideal(np.arange(len(queries)))
    counted = ideal.counts * (ideal.gains >= relevance.relevant_from)
    lost = queries[np.bincount(owners(ideal.offsets), counted, minlength=len(queries)) == 0]
    if not len(lost):
        return
    labels = catalogue.table.loc[lost, catalogue.levels[0]].astype(str).unique()
    every = len(lost) == len(queries)
    yield Finding(
        "error" if every else "warning",
        f"unanswerable/{split}",
        f"{several(len(lost), 'query', 'queries')} of {split} ({len(lost) / len(queries):.0%}), of "
        f"{several(len(labels), 'label')}, {'has' if len(lost) == 1 else 'have'} nothing relevant in the "
        "gallery.",
        "Nothing can be measured; check labels and roles."
        if every
        else "They are left out of all means; add gallery pictures of these labels if they should count.",
        tuple(_shown(catalogue, lost, labels)),
    )


def _overlap(catalogue: Catalogue) -> Iterator[Finding]:
    """Whether labels that are searched for are trained on: a fact of the protocol, and often a surprise."""
    there = present_splits(catalogue)
    if "train" not in there:
        return
    trained = class_sizes(catalogue, "train").index
    closed, opened, shared = [], [], {}
    for split in (split for split in _MEASURED if split in there):
        own = class_sizes(catalogue, split).index
        both = own[own.isin(trained)]
        if len(both):
            closed.append(f"{len(both):,} of {several(len(own), 'label')} of {split}")
            shared |= dict.fromkeys(both)
        else:
            opened.append(split)
    if closed:
        yield Finding(
            "warning",
            "overlap",
            f"{' and '.join(closed)} are trained on too (closed set).",
            "Right where the search will know its labels beforehand, but not comparable with class-disjoint "
            "benchmarks. data=folder makes a disjoint split where none is given.",
            tuple(Case(label) for label in shared),
        )
    if opened:
        yield Finding(
            "note",
            "disjoint",
            f"No label of {' or '.join(opened)} is trained on: figures tell of labels never seen (open set).",
        )


def _spelling(catalogue: Catalogue) -> Iterator[Finding]:
    """Labels that a person would take for one."""
    for level in catalogue.levels:
        names = list(dict.fromkeys(catalogue.names(level)))
        plain = Counter(map(_plain, names))
        alike: dict[str, list[str]] = {}
        for name in names:
            if plain[_plain(name)] > 1:
                alike.setdefault(_plain(name), []).append(name)
        if alike:
            yield Finding(
                "warning",
                f"labels/spelling/{level}",
                f"{several(len(alike), f'{level} is', f'{level} labels are')} written in several ways that "
                "differ in capitals, spaces or signs only.",
                "They are trained as different labels; write them in one way if they are one.",
                tuple(Case(" · ".join(map(repr, ways))) for ways in alike.values()),
            )


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[-_\s]+", " ", unicodedata.normalize("NFKC", name)).casefold().split())


def _nesting(catalogue: Catalogue) -> Iterator[Finding]:
    """Fine labels that stand in several coarse ones."""
    for number, (fine, coarse) in enumerate(zip(catalogue.levels, catalogue.levels[1:], strict=False)):
        pairs = pd.DataFrame(catalogue.codes[:, number : number + 2], columns=[fine, coarse])
        several_of = pairs.drop_duplicates()[fine].value_counts()
        torn = several_of.index[(several_of > 1).to_numpy()]
        if len(torn):
            codes = pairs[fine].to_numpy()
            first = ~pairs[fine].duplicated().to_numpy() & np.isin(codes, torn.to_numpy())
            names = catalogue.table.loc[first, fine]
            yield Finding(
                "warning",
                f"labels/nesting/{fine}",
                f"{several(len(torn), f'{fine} stands', f'{fine} labels stand')} in more than one {coarse}.",
                "Graded relevance takes the finest shared level; check that the coarser labels are right.",
                tuple(Case(str(name)) for name in names),
            )


def _shown(catalogue: Catalogue, rows: np.ndarray, labels: Iterable[str]) -> Iterator[Case]:
    """Labels, each with its first picture of ``rows``."""
    names = catalogue.table.loc[rows, catalogue.levels[0]].astype(str)
    first = names[~names.duplicated()]
    places = dict(zip(first, first.index, strict=True))
    for label in labels:
        yield Case(label, (int(places[label]),))
