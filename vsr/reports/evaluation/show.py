"""An evaluation shown to people: one page that holds everything, and its pictures as files."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.metrics.ranking import meanings
from vsr.reports.evaluation.evaluation_content import (
    EvaluationContent,
    Hub,
    Hubs,
    Plane,
    QuerySearch,
    Similarities,
)
from vsr.reports.evaluation.evaluation_page import write_evaluation_page
from vsr.reports.evaluation.examples import METRIC, load_thumbnails
from vsr.reports.evaluation.page_searches import OTHER, search_groups
from vsr.reports.evaluation.shown import Shown
from vsr.retrieval.analysis import (
    KINDS,
    hubness,
    label_table,
    pair_similarities,
    precision_recall,
    rank_curves,
    unit,
)
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.projection import on_a_plane

_POINTS = 1500  # of the map
_MAP_SIDE = 64  # pixels of their thumbnails
_HUBS = 12
_LOOKS = 21  # labels that a map tells apart
_COLUMNS = ("hit_rate@1", "map", "ndcg@10")


def show_evaluation(
    shown: Shown,
    folder: str | Path,
    against: Evaluation | None = None,
    named: str = OTHER,
    facts: Sequence[tuple[str, str, bool]] = (),
    seed: int = 0,
) -> Path:
    """Write ``evaluation.html`` and its pictures into ``folder``.

    Args:
        shown: the evaluation and what belongs to it. Without embeddings the page has neither map nor
            similarities, and says so.
        folder: where to.
        against: another evaluation of the same protocol; the searches that changed most are shown.
        named: what a person calls ``against``.
        facts: label, value and whether it is to be typed as it stands, of what the evaluation does not know
            itself: checkpoint, versions, command.
        seed: of every draw and of the map: the same seed shows the same queries for any model.

    Returns:
        The path of the page.

    Raises:
        DataError: ``against`` was made by another protocol or on other data.
    """
    groups = search_groups(shown, against, seed, named)
    hubs, plane = _hubs(shown), _plane(shown, seed)
    rows = [row for group in groups for search in group.searches for row in _rows(search)]
    pictures = load_thumbnails(shown.catalogue, [*rows, *(hub.row for hub in hubs.worst)])
    if plane is not None:
        small = [row for row in plane.rows if row not in pictures]
        pictures |= load_thumbnails(shown.catalogue, small, _MAP_SIDE)
    evaluation = shown.evaluation
    enough = shown.judged_by.relevant_from
    title, more = evaluation.protocol or shown.catalogue.protocol, {}
    if shown.stage is not None:
        title = f"{title}, {shown.stage.name}"
        if shown.queries is None:
            more["missing"] = "This stage ranks by something else: see exact search for the embeddings."
    content = EvaluationContent(
        title=title,
        means=evaluation.means,
        facts=_facts(shown, facts, seed),
        pictures=pictures,
        intervals=evaluation.intervals,
        confidence=evaluation.resampling.get("level", 0.95),
        meanings=meanings(evaluation.means),
        changes=shown.changes,
        warnings=_warnings(shown),
        searches=groups,
        rank_curves=rank_curves(evaluation.gains, evaluation.n_relevant, enough),
        precision_recall=precision_recall(evaluation.gains, evaluation.n_relevant, enough),
        labels=_label_tables(shown),
        hubs=hubs,
        similarities=_similarities(shown, seed),
        plane=plane,
        stages=shown.stages,
        **more,
    )
    return write_evaluation_page(folder, content)


def _rows(search: QuerySearch) -> Iterable[int]:
    return [search.row, *(hit.row for hit in (*search.hits, *(search.before or ())))]


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
    found = hubness(evaluation.neighbors.ids, evaluation.gains, len(shown.gallery_rows))
    most = np.argsort(-found.occurrence, kind="stable")[:_HUBS]
    worst = []
    for item in most[found.occurrence[most] > 0].tolist():
        row = int(shown.gallery_rows[item])
        worst.append(Hub(row, names[row], int(found.occurrence[item]), int(found.wrong[item])))
    return Hubs(found.k, found.distribution, found.skewness, found.never, found.never_by_chance, worst)


def _similarities(shown: Shown, seed: int) -> Similarities | None:
    if shown.queries is None or shown.gallery is None:
        return None
    pairs = pair_similarities(shown.queries, shown.gallery, shown.judged_by, seed)
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
    kept = evaluation.neighbors.ids.shape[1]
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
    evaluation, found = shown.evaluation, list(shown.evaluation.warnings.values())
    if evaluation.n_left_out:
        found.append(
            f"{evaluation.n_left_out:,} of {evaluation.n_queries:,} queries have nothing relevant in the "
            "gallery; they are left out of the means."
        )
    return found
