"""The page of an inspection of a data set, ``inspection.html``: one file, no network needed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vsr.display.document import Fact, Table
from vsr.display.encoding import data_uri, encode
from vsr.display.formats import ABSENT, count, significant
from vsr.display.page import write_page
from vsr.display.style import rendered
from vsr.display.thumbnails import thumbnails
from vsr.reports.inspection.inspection_figures import class_size_figure, picture_size_figure

_SIDE = 140  # pixels of thumbnails
_BYTES = 3_500_000  # for all of them together: the page stays below 5 MB
_FIGURE_BYTES = 120_000
_MOST_LISTED = 1000  # lines of a finding

SIGNS = {"error": "✕", "warning": "!", "note": "i"}


@dataclass(frozen=True)
class FindingContent:
    """One finding.

    Attributes:
        severity: error, warning or note.
        text: what was found, a sentence.
        advice: what to do about it; may be empty.
        cases: all places where it holds, a line each.
        pictured: some of the cases: the line, and one row, or the rows of a picture and its copy.
    """

    severity: str
    text: str
    advice: str = ""
    cases: Sequence[str] = ()
    pictured: Sequence[tuple[str, Sequence[int]]] = ()


@dataclass(frozen=True)
class InspectionContent:
    """The content of the page.

    Attributes:
        title: the protocol.
        facts: label, value, and whether the value is code.
        findings: errors first.
        splits: a row per split.
        class_sizes: a row per split.
        quantities: a row per quantity of pictures.
        kinds: a row per format and mode.
        label_sizes: pictures (labels,) of each label, by split.
        picture_sizes: width and height (N, 2).
        samples: rows by label, by split.
        pictures: (H, W, 3) uint8 by row, of all rows shown; None if it cannot be read.
        captions: label and split of a picture, by row.
    """

    title: str
    facts: Sequence[Fact]
    findings: Sequence[FindingContent]
    splits: pd.DataFrame
    class_sizes: pd.DataFrame
    quantities: pd.DataFrame
    kinds: pd.DataFrame
    label_sizes: Mapping[str, np.ndarray]
    picture_sizes: np.ndarray
    samples: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    pictures: Mapping[int, np.ndarray | None] = field(default_factory=dict)
    captions: Mapping[int, tuple[str, str]] = field(default_factory=dict)


def verdict(severities: Sequence[str]) -> str:
    """The findings in one sentence."""
    n = Counter(severities)
    errors, warnings = (f"{n[one]} {one}{'' if n[one] == 1 else 's'}" for one in ("error", "warning"))
    if n["error"]:
        return f"Not fit for training as it is: {errors}, {warnings}."
    if n["warning"]:
        return f"Nothing is wrong, but there {'is' if n['warning'] == 1 else 'are'} {warnings}."
    return "Nothing is wrong."


def write_inspection_page(path: str | Path, content: InspectionContent) -> Path:
    """Write the page.

    Returns:
        ``path``.
    """
    severities = [finding.severity for finding in content.findings]
    return write_page(
        path,
        "inspection.html.j2",
        content=content,
        verdict=verdict(severities),
        signs=SIGNS,
        most_listed=_MOST_LISTED,
        counts={severity: severities.count(severity) for severity in SIGNS},
        splits=_table(content.splits),
        class_sizes=_table(content.class_sizes),
        quantities=_table(content.quantities),
        kinds=_table(content.kinds, words=2),
        figures=list(_figures(content)),
        thumbnails=thumbnails(content.pictures, dict.fromkeys(_shown(content)), _SIDE, _BYTES),
    )


def _figures(content: InspectionContent) -> Iterator[dict[str, str]]:
    for figure, words in (
        (class_size_figure(content.label_sizes), "How many labels have how many pictures"),
        (picture_size_figure(content.picture_sizes), "Widths and heights of pictures"),
    ):
        image = rendered(figure)
        yield {"source": data_uri(encode(image, ".png", _FIGURE_BYTES), ".png"), "words": words}


def _shown(content: InspectionContent) -> Iterator[int]:
    for finding in content.findings:
        for _, rows in finding.pictured:
            yield from rows
    for labels in content.samples.values():
        for rows in labels.values():
            yield from rows


def _table(table: pd.DataFrame, words: int = 1) -> Table:
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return Table(list(map(str, table.columns)), rows, words=words)


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ABSENT
    return count(int(value)) if float(value).is_integer() else significant(float(value))
