"""An evaluation shown to people: one page that holds everything, and its pictures as files."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from vsr.data import Catalogue, relevance_of
from vsr.data.relevance import Relevance
from vsr.errors import DataError
from vsr.reports import EvaluationContent, Hit, write_evaluation_page
from vsr.reports.evaluation_content import Hub, Hubs, Plane, QuerySearch, SearchGroup, Similarities
from vsr.retrieval.diagnosis import (
    KINDS,
    hubness,
    label_table,
    pair_similarities,
    precision_recall,
    rank_curves,
    unit,
)
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.pictures import METRIC, SEARCHES, figure_of, hits, load_thumbnails
from vsr.retrieval.plane import on_a_plane

log = logging.getLogger(__name__)

_POINTS = 1500  # of the map
_MAP_SIDE = 64  # pixels of their thumbnails
_HUBS = 12
_LOOKS = 21  # labels that a map tells apart
_COLUMNS = ("hit_rate@1", "map", "ndcg@10")


@dataclass
class Shown:
    """An evaluation with what its positions mean, and what there is to show besides.

    Attributes:
        evaluation: its neighbors are positions in ``gallery_rows``.
        catalogue: where the pictures and their labels are.
        query_rows: (Q,) catalogue rows of the queries.
        gallery_rows: (N,) catalogue rows of the gallery.
        queries: (Q, d) embeddings; None for an evaluation read from a file.
        gallery: (N, d) embeddings, likewise.
        relevance: what was judged by; by default the catalogue's lists or labels.
    """

    evaluation: Evaluation
    catalogue: Catalogue
    query_rows: np.ndarray
    gallery_rows: np.ndarray
    queries: Tensor | None = None
    gallery: Tensor | np.ndarray | None = None
    relevance: Relevance | None = None

    def __post_init__(self) -> None:
        measured = self.evaluation
        if measured.fingerprint not in (None, self.catalogue.fingerprint):
            raise DataError(
                f"the evaluation was made on catalogue {measured.fingerprint}, this one is "
                f"{self.catalogue.fingerprint}; give the catalogue it was made on"
            )
        if measured.n_queries != len(self.query_rows):
            raise DataError(
                f"the evaluation has {measured.n_queries} queries, {len(self.query_rows)} rows are given"
            )
        if self.relevance is None:
            self.relevance = relevance_of(self.catalogue, self.query_rows, self.gallery_rows)


def show_evaluation(
    shown: Shown,
    folder: str | Path,
    against: Evaluation | None = None,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    facts: Sequence[tuple[str, str, bool]] = (),
    seed: int = 0,
) -> Path:
    """Write ``evaluation.html`` and its pictures into ``folder``.

    Args:
        shown: the evaluation and what belongs to it. Without embeddings the page has neither map nor
            similarities, and says so.
        folder: where to.
        against: another evaluation of the same protocol; the searches that changed most are shown.
        intervals: low and high end of the 95 % confidence interval of each mean, where known.
        facts: label, value and whether it is to be typed as it stands, of what the evaluation does not know
            itself: checkpoint, versions, command.
        seed: of every draw and of the map: the same seed shows the same queries for any model.

    Returns:
        The path of the page.

    Raises:
        DataError: ``against`` was made by another protocol or on other data.
    """
    groups = search_groups(shown, against, seed)
    hubs, plane = _hubs(shown), _plane(shown, seed)
    rows = [row for group in groups for search in group.searches for row in _rows(search)]
    pictures = load_thumbnails(shown.catalogue, [*rows, *(hub.row for hub in hubs.worst)])
    if plane is not None:
        small = [row for row in plane.rows if row not in pictures]
        pictures |= load_thumbnails(shown.catalogue, small, _MAP_SIDE)
    evaluation = shown.evaluation
    enough = _relevance(shown).relevant_from
    content = EvaluationContent(
        title=evaluation.protocol or shown.catalogue.protocol,
        means=evaluation.means,
        facts=_facts(shown, facts, seed),
        pictures=pictures,
        intervals=intervals or {},
        warnings=_warnings(shown),
        searches=groups,
        rank_curves=rank_curves(evaluation.gains, evaluation.n_relevant, enough),
        precision_recall=precision_recall(evaluation.gains, evaluation.n_relevant, enough),
        labels=_label_tables(shown),
        hubs=hubs,
        similarities=_similarities(shown, seed),
        plane=plane,
    )
    return write_evaluation_page(folder, content)


def search_groups(shown: Shown, against: Evaluation | None = None, seed: int = 0) -> list[SearchGroup]:
    """The worst, best and random searches, and those that changed most against another evaluation.

    Raises:
        DataError: ``against`` was made by another protocol or on other data.
    """
    evaluation = shown.evaluation
    answerable = np.flatnonzero(evaluation.n_relevant > 0)
    metric, values = _judge(evaluation)
    more_first = -evaluation.n_relevant[
        answerable
    ]  # among equals: the more there was to find, the more it says
    worst = answerable[np.lexsort((more_first, values[answerable]))][:SEARCHES]
    best = answerable[np.lexsort((more_first, -values[answerable]))][:SEARCHES]
    random = np.sort(np.random.default_rng(seed).permutation(answerable)[:SEARCHES])
    groups = [
        _group(
            shown,
            "worst",
            "Worst",
            f"The queries of the lowest {metric}, of equals those with most to find.",
            worst,
        ),
        _group(
            shown,
            "best",
            "Best",
            f"The queries of the highest {metric}, of equals those with most to find.",
            best,
        ),
        _group(shown, "random", "Random", f"Drawn at random, seed {seed}; the same for any model.", random),
    ]
    if against is not None:
        groups.insert(0, _changed(shown, against))
    return groups


def _changed(shown: Shown, against: Evaluation) -> SearchGroup:
    evaluation = shown.evaluation
    for what in ("protocol", "fingerprint", "n_queries"):
        now, then = getattr(evaluation, what), getattr(against, what)
        if now != then:
            raise DataError(f"only evaluations of the same {what} can be compared, got {now} and {then}")
    metric, now = _judge(evaluation)
    if metric not in against.per_query:
        raise DataError(f"the other evaluation has no {metric}; measure it again with that metric")
    gained = now - against.per_query[metric]
    moved = np.flatnonzero(np.nan_to_num(gained) != 0)
    most = moved[np.argsort(-np.abs(gained[moved]), kind="stable")][:SEARCHES]
    searches = []
    for query in most.tolist():
        search = _search(shown, query)
        words = f"{metric} {now[query]:.3f}, before {against.per_query[metric][query]:.3f}"
        before = hits(against, shown.catalogue, shown.gallery_rows, query)
        searches.append(search._replace(metric=words, before=before))
    up, down = int((gained > 0).sum()), int((gained < 0).sum())
    how = f"The greatest changes of {metric} against the other run; {up} queries rose, {down} fell in all."
    return SearchGroup("changed", "Most changed", how, searches)


def _judge(evaluation: Evaluation) -> tuple[str, np.ndarray]:
    """The metric (Q,) that tells good searches from bad ones."""
    name = METRIC if METRIC in evaluation.per_query else next(iter(evaluation.per_query))
    return name, evaluation.per_query[name]


def _group(shown: Shown, name: str, title: str, how: str, queries: np.ndarray) -> SearchGroup:
    return SearchGroup(name, title, how, [_search(shown, query) for query in queries.tolist()])


def _search(shown: Shown, query: int) -> QuerySearch:
    evaluation, row = shown.evaluation, int(shown.query_rows[query])
    found = hits(evaluation, shown.catalogue, shown.gallery_rows, query)
    return QuerySearch(
        row,
        shown.catalogue.names()[row],
        _with_ignored(shown, query, found),
        int(evaluation.n_relevant[query]),
        figure_of(evaluation, query),
    )


def _with_ignored(shown: Shown, query: int, found: list[Hit]) -> list[Hit]:
    """Ignored pictures at the places that their similarity would give them; the query itself is left out."""
    if shown.queries is None or shown.gallery is None or not found:
        return found
    items = _relevance(shown).ignored(np.array([query])).items
    items = items[shown.gallery_rows[items] != shown.query_rows[query]]
    if len(items) == 0:
        return found
    names = shown.catalogue.names()
    alike = unit(shown.gallery, items) @ unit(shown.queries, np.array([query]))[0]
    rows = shown.gallery_rows[items].tolist()
    junk = [
        Hit(row, score, "ignored", names[row])
        for row, score in zip(rows, alike.tolist(), strict=True)
        if score >= found[-1].score
    ]
    return sorted([*found, *junk], key=lambda hit: -hit.score)[: len(found)] if junk else found


def _rows(search: QuerySearch) -> Iterable[int]:
    return [search.row, *(hit.row for hit in (*search.hits, *(search.before or ())))]


def _relevance(shown: Shown) -> Relevance:
    assert shown.relevance is not None
    return shown.relevance


def _label_tables(shown: Shown) -> dict[str, pd.DataFrame]:
    """Metrics by label at each level, coarse to fine."""
    evaluation, catalogue = shown.evaluation, shown.catalogue
    columns = [name for name in _COLUMNS if name in evaluation.per_query] or list(evaluation.per_query)[:3]
    by = METRIC if METRIC in columns else columns[0]
    return {
        level: label_table(evaluation, np.asarray(catalogue.names(level))[shown.query_rows], columns, by)
        for level in reversed(catalogue.levels)
    }


def _hubs(shown: Shown) -> Hubs:
    evaluation, names = shown.evaluation, shown.catalogue.names()
    found = hubness(evaluation.neighbours.ids, evaluation.gains, len(shown.gallery_rows))
    most = np.argsort(-found.occurrence, kind="stable")[:_HUBS]
    worst = []
    for item in most[found.occurrence[most] > 0].tolist():
        row = int(shown.gallery_rows[item])
        worst.append(Hub(row, names[row], int(found.occurrence[item]), int(found.wrong[item])))
    return Hubs(found.k, found.distribution, found.skewness, found.never, found.never_by_chance, worst)


def _similarities(shown: Shown, seed: int) -> Similarities | None:
    if shown.queries is None or shown.gallery is None:
        return None
    pairs = pair_similarities(shown.queries, shown.gallery, _relevance(shown), seed)
    means = {kind: float(pairs.values[kind].mean()) for kind in KINDS if len(pairs.values[kind])}
    return Similarities(pairs.histogram, means, pairs.separation, pairs.sample)


def _plane(shown: Shown, seed: int) -> Plane | None:
    """A map of queries and gallery, a picture that is both once."""
    if shown.queries is None or shown.gallery is None:
        return None
    rows = np.concatenate([shown.query_rows, shown.gallery_rows])
    places = np.unique(rows, return_index=True)[1]
    n_all = len(places)
    places = np.sort(np.random.default_rng(seed).permutation(places)[:_POINTS])
    n_queries = len(shown.query_rows)
    vectors = np.concatenate(
        [
            unit(shown.queries, places[places < n_queries]),
            unit(shown.gallery, places[places >= n_queries] - n_queries),
        ]
    )
    names, rows = shown.catalogue.names(), rows[places]
    level, groups = _telling_level(shown.catalogue, rows)
    which = (
        f"All {n_all} pictures" if n_all == len(places) else f"{len(places)} random ones of {n_all} pictures"
    )
    return Plane(
        on_a_plane(vectors, seed),
        level,
        groups,
        rows.tolist(),
        [names[row] for row in rows.tolist()],
        f"{which} of queries and gallery, by PCA and t-SNE (seed {seed}).",
    )


def _telling_level(catalogue: Catalogue, rows: np.ndarray) -> tuple[str, list[str]]:
    """The finest level of so few labels that each can look its own, else the coarsest; its labels (n,)."""
    found = []
    for level in catalogue.levels:
        names = catalogue.names(level)
        found = [names[row] for row in rows.tolist()]
        if len(set(found)) <= _LOOKS:
            return level, found
    return catalogue.levels[-1], found


def _facts(shown: Shown, more: Sequence[tuple[str, str, bool]], seed: int) -> list[tuple[str, str, bool]]:
    evaluation = shown.evaluation
    kept = evaluation.neighbours.ids.shape[1]
    return [
        ("protocol", evaluation.protocol or shown.catalogue.protocol, False),
        ("catalogue", shown.catalogue.fingerprint, True),
        ("queries", f"{evaluation.n_queries:,}", False),
        ("left out", f"{evaluation.n_left_out:,} queries with nothing relevant", False),
        ("gallery", f"{len(shown.gallery_rows):,} pictures", False),
        ("labels", " < ".join(shown.catalogue.levels), False),
        ("kept", f"{kept} nearest of each query", False),
        *more,
        ("draws", f"seed {seed}", False),
    ]


def _warnings(shown: Shown) -> list[str]:
    evaluation = shown.evaluation
    if not evaluation.n_left_out:
        return []
    return [
        f"{evaluation.n_left_out:,} of {evaluation.n_queries:,} queries have nothing relevant in the "
        "gallery; they are left out of the means."
    ]
