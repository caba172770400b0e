"""What the page of an evaluation shows, as plain values: filled by the rooms above."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from vsr.display.marks import Relevance


class Hit(NamedTuple):
    """A picture that a search found.

    Attributes:
        row: its key in `EvaluationContent.pictures`.
        score: higher is nearer.
        relevance: as in `vsr.display.Result`.
        caption: what it is.
    """

    row: int
    score: float
    relevance: Relevance
    caption: str = ""


class QuerySearch(NamedTuple):
    """A query and what it found.

    Attributes:
        row: the query's key in `EvaluationContent.pictures`.
        caption: what the query is.
        hits: nearest first.
        n_relevant: relevant pictures in the whole gallery.
        metric: a figure for this query, e.g. ``AP 0.624``.
        before: what the other run found, where two are compared.
    """

    row: int
    caption: str
    hits: Sequence[Hit]
    n_relevant: int
    metric: str = ""
    before: Sequence[Hit] | None = None


class SearchGroup(NamedTuple):
    """Searches that belong together.

    Attributes:
        name: one word; the picture of the group is ``<name>.jpg``.
        title: what a person reads.
        how: how they were chosen, a sentence.
        searches: the first is shown first.
        other: what a person calls the run that found what they show as `QuerySearch.before`.
    """

    name: str
    title: str
    how: str
    searches: Sequence[QuerySearch]
    other: str = "the other run"


class StageLink(NamedTuple):
    """A stage of a search and its page.

    Attributes:
        name: what a person reads, e.g. ``flat + alpha_qe``.
        href: its page, seen from this one; None for the stage that this page is of, and for one without any.
        mean: of the metric by which searches are told good from bad, with its name: ``map 0.624``.
        here: whether this page is of it.
    """

    name: str
    href: str | None
    mean: str = ""
    here: bool = False


class Changes(NamedTuple):
    """What a stage changes.

    Attributes:
        means: its mean of each metric less that of what it is held against.
        named: what a person calls that, e.g. ``exact search's first 100``.
        depth: length of the lists that both are measured on.
    """

    means: Mapping[str, float]
    named: str
    depth: int


class Similarities(NamedTuple):
    """Similarities of right, partly right and wrong pairs.

    Attributes:
        histogram: ``low`` and ``high`` of each bin, and a column of counts for ``right``, ``partial`` and
            ``wrong``.
        means: of each kind that has a pair.
        separation: chance that a right pair is more alike than a wrong one; NaN where a kind is empty.
        sample: how the pairs were drawn, a sentence.
    """

    histogram: pd.DataFrame
    means: Mapping[str, float]
    separation: float
    sample: str


class Hub(NamedTuple):
    """A gallery picture that many searches find: how many, and in how many of them it is wrong."""

    row: int
    caption: str
    times: int
    wrong: int


class Hubs(NamedTuple):
    """How unevenly the gallery is found.

    Attributes:
        k: length of the lists looked at.
        distribution: ``occurrence`` (lists that hold a picture), ``items`` (pictures of that occurrence) and
            ``by_chance`` (the number expected of random lists).
        skewness: of the occurrences; NaN where all are equal.
        never: share of the gallery that no list holds.
        never_by_chance: the share expected of random lists.
        worst: the most frequent pictures.
    """

    k: int
    distribution: pd.DataFrame
    skewness: float
    never: float
    never_by_chance: float
    worst: Sequence[Hub]


class Plane(NamedTuple):
    """Embeddings as points on a plane.

    Attributes:
        places: (n, 2) in 0..1.
        level: what the points are told apart by, e.g. ``category``.
        groups: (n,) label of each point at that level.
        rows: (n,) keys in `EvaluationContent.pictures`.
        captions: (n,) what each picture is.
        how: which points and which method, a sentence.
    """

    places: np.ndarray
    level: str
    groups: Sequence[str]
    rows: Sequence[int]
    captions: Sequence[str]
    how: str


@dataclass
class EvaluationContent:
    """Everything that the page of an evaluation tells.

    Attributes:
        title: the heading: what was measured.
        means: mean of each metric over the answerable queries.
        facts: label, value, and whether the value is to be typed as it stands.
        pictures: (H, W, 3) uint8 by row; None, or no entry, where one cannot be shown.
        intervals: low and high end of the confidence interval of metrics that have one.
        confidence: of the intervals, e.g. 0.95.
        meanings: what each metric is, in a line.
        changes: what this stage changes; None where it is exact search over whole rankings.
        warnings: what a reader has to know first, a sentence each.
        searches: groups of searches.
        rank_curves: ``k``, ``recall``, ``hit_rate``, ``precision``.
        precision_recall: ``recall``, ``precision`` and ``at_most``, greater where lists end early.
        labels: a table for each level of labels, e.g. ``category``: ``label``, ``queries`` and metrics, worst
            first.
        hubs: None where there are no lists.
        similarities: None where the embeddings are not at hand.
        plane: None, likewise.
        stages: pages of the same search's stages, in order; none where there is one only.
        missing: why there is neither map nor similarities, where there is none.
    """

    title: str
    means: Mapping[str, float]
    facts: Sequence[tuple[str, str, bool]] = ()
    pictures: Mapping[int, np.ndarray | None] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    confidence: float = 0.95
    meanings: Mapping[str, str] = field(default_factory=dict)
    changes: Changes | None = None
    warnings: Sequence[str] = ()
    searches: Sequence[SearchGroup] = ()
    rank_curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    precision_recall: pd.DataFrame = field(default_factory=pd.DataFrame)
    labels: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    hubs: Hubs | None = None
    similarities: Similarities | None = None
    plane: Plane | None = None
    stages: Sequence[StageLink] = ()
    missing: str = (
        "The embeddings are not at hand: they are not kept with a saved evaluation. "
        "Measure the checkpoint again to see them."
    )
