"""The searches that an evaluation's page shows: worst, best, random, and most changed."""

import numpy as np
import torch
from torch import Tensor

from vsr.errors import DataError
from vsr.reports.evaluation.evaluation_content import Hit, QuerySearch, SearchGroup
from vsr.reports.evaluation.examples import METRIC, SEARCHES, figure_of, hits
from vsr.reports.evaluation.shown import Shown
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.paired_comparison import aligned
from vsr.retrieval.similarity import Similarity

OTHER = "the other run"


def search_groups(
    shown: Shown, against: Evaluation | None = None, seed: int = 0, named: str = OTHER
) -> list[SearchGroup]:
    """The worst, best and random searches, and those that changed most against another evaluation.

    Args:
        shown: the evaluation and what belongs to it.
        against: the other evaluation.
        seed: of the random searches.
        named: what a person calls the other evaluation.

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
        groups.insert(0, _changed(shown, against, named))
    return groups


def _changed(shown: Shown, against: Evaluation, named: str) -> SearchGroup:
    evaluation = shown.evaluation
    for what in ("protocol", "fingerprint", "n_queries"):
        now, then = getattr(evaluation, what), getattr(against, what)
        if now != then:
            raise DataError(f"only evaluations of the same {what} can be compared, got {now} and {then}")
    if evaluation.sides is not None and against.sides is not None:
        against = aligned(evaluation, against, ("this evaluation", named))
    metric, now = _judge(evaluation)
    if metric not in against.per_query:
        raise DataError(f"{named} has no {metric}; measure it again with that metric")
    gained = now - against.per_query[metric]
    moved = np.flatnonzero(np.nan_to_num(gained) != 0)
    most = moved[np.argsort(-np.abs(gained[moved]), kind="stable")][:SEARCHES]
    searches = []
    for query in most.tolist():
        search = _search(shown, query)
        words = f"{metric} {now[query]:.3f}, {against.per_query[metric][query]:.3f} in {named}"
        before = hits(against, shown.catalogue, shown.gallery_rows, query)
        searches.append(search._replace(metric=words, before=before))
    up, down = int((gained > 0).sum()), int((gained < 0).sum())
    how = f"The greatest changes of {metric} against {named}; {up} queries rose, {down} fell in all."
    if (against.cut, evaluation.cut).count(None) == 1:
        cut = against.cut or evaluation.cut
        how += f" One of the two is of lists of {cut}: what they miss counts as not found."
    return SearchGroup("changed", "Most changed", how, searches, named)


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
    items = shown.judged_by.ignored(np.array([query])).items
    items = items[shown.gallery_rows[items] != shown.query_rows[query]]
    if len(items) == 0:
        return found
    names = shown.catalogue.names()
    alike = _scores(shown, query, items)
    rows = shown.gallery_rows[items].tolist()
    junk = [
        Hit(row, score, "ignored", names[row])
        for row, score in zip(rows, alike.tolist(), strict=True)
        if score >= found[-1].score
    ]
    return sorted([*found, *junk], key=lambda hit: -hit.score)[: len(found)] if junk else found


def _scores(shown: Shown, query: int, items: np.ndarray) -> np.ndarray:
    """Scores (n,) of the gallery's ``items`` (n,) for one query, of the kind of the neighbors' scores."""
    assert shown.queries is not None
    assert shown.gallery is not None
    gallery = shown.gallery
    if isinstance(gallery, Tensor):
        part = gallery[torch.from_numpy(items).to(gallery.device)]
    else:
        part = gallery[items]
    similarity = Similarity(shown.queries[query : query + 1], part, shown.similarity)
    owners = np.zeros(len(items), np.int64)
    return similarity.shown(owners, similarity.keys(owners, np.arange(len(items))))
