"""Example searches of an evaluation, with their pictures."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.pictures.decode import CataloguePictures, CorruptPictureError
from vsr.display.marks import Relevance as Mark
from vsr.display.searches import Result, Search, draw_searches
from vsr.reports.evaluation.evaluation_content import Hit
from vsr.retrieval.evaluation import Evaluation

SEARCHES, RESULTS = 8, 10
THUMBNAIL = 192  # pixels on the short side that a decoded JPEG keeps: twice the size drawn
METRIC = "map"


def example_searches(
    evaluation: Evaluation,
    catalogue: Catalogue,
    query_rows: np.ndarray,
    gallery_rows: np.ndarray,
    seed: int = 0,
) -> list[Search]:
    """Queries drawn at random, with what was found for each.

    Args:
        evaluation: its neighbors are positions in ``gallery_rows``.
        catalogue: where the pictures and their labels are.
        query_rows: (Q,) catalogue rows of the queries.
        gallery_rows: (N,) catalogue rows of the gallery.
        seed: of the draw; the same seed shows the same queries for any model.

    Returns:
        At most `SEARCHES` searches of queries that have something relevant, with `RESULTS` results each.
    """
    answerable = np.flatnonzero(evaluation.n_relevant > 0)
    chosen = np.random.default_rng(seed).permutation(answerable)[:SEARCHES]
    return [
        search_of(evaluation, catalogue, query_rows, gallery_rows, int(query)) for query in sorted(chosen)
    ]


def search_of(
    evaluation: Evaluation,
    catalogue: Catalogue,
    query_rows: np.ndarray,
    gallery_rows: np.ndarray,
    query: int,
) -> Search:
    """The search of the query at position ``query``."""
    pictures = CataloguePictures(catalogue)
    results = [
        Result(_thumbnail(pictures, hit.row), hit.score, hit.relevance, hit.caption)
        for hit in hits(evaluation, catalogue, gallery_rows, query)
    ]
    row = int(query_rows[query])
    return Search(
        _thumbnail(pictures, row),
        catalogue.names()[row],
        results,
        n_relevant=int(evaluation.n_relevant[query]),
        metric=figure_of(evaluation, query),
    )


def hits(evaluation: Evaluation, catalogue: Catalogue, gallery_rows: np.ndarray, query: int) -> list[Hit]:
    """What was found for the query at position ``query``: the first `RESULTS`, without their pictures."""
    names, best = catalogue.names(), max(catalogue.gains)
    ids, scores = (values[query, :RESULTS] for values in evaluation.neighbors)
    found = []
    for position, score, gain in zip(ids, scores, evaluation.gains[query, :RESULTS], strict=True):
        if position < 0:
            break
        row = int(gallery_rows[position])
        relevance: Mark = "right" if gain >= best else "partial" if gain > 0 else "wrong"
        found.append(Hit(row, float(score), relevance, names[row]))
    return found


def figure_of(evaluation: Evaluation, query: int) -> str:
    """The average precision of one query in words; empty where it was not measured."""
    value = evaluation.per_query.get(METRIC)
    return "" if value is None else f"AP {value[query]:.3f}"


def draw_examples(
    evaluation: Evaluation,
    catalogue: Catalogue,
    query_rows: np.ndarray,
    gallery_rows: np.ndarray,
    path: Path,
) -> list[Search]:
    """Write the picture of `example_searches` to ``path``, and return them."""
    searches = example_searches(evaluation, catalogue, query_rows, gallery_rows)
    draw_searches(searches, path, title=f"Example searches, {evaluation.protocol}")
    return searches


def load_thumbnails(
    catalogue: Catalogue, rows: Iterable[int], side: int = THUMBNAIL
) -> dict[int, np.ndarray | None]:
    """Pictures (H, W, 3) uint8 of ``rows``, each once, at most ``side`` pixels long; None if corrupt."""
    pictures, wanted = CataloguePictures(catalogue), list(dict.fromkeys(rows))

    def load(row: int) -> np.ndarray | None:
        try:
            picture = pictures(row, side)
        except CorruptPictureError:
            return None  # it was left out of the evaluation and is counted there
        picture.thumbnail((side, side), Image.Resampling.BICUBIC)
        return np.asarray(picture)

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # decoding lets other threads run
        return dict(zip(wanted, pool.map(load, wanted), strict=True))


def _thumbnail(pictures: CataloguePictures, row: int) -> np.ndarray | None:
    try:
        return np.asarray(pictures(row, THUMBNAIL))
    except CorruptPictureError:
        return None  # it was left out of the evaluation and is counted there
