"""The page of one evaluation: ``evaluation.html``, which needs nothing but a browser, and its pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from vsr.display.encoding import data_uri, save_picture
from vsr.display.marks import MARKS
from vsr.display.page import write_page
from vsr.display.scatter import looks, members, path, scatter_figure
from vsr.display.searches import Result, Search, draw_searches
from vsr.display.style import rendered
from vsr.display.thumbnails import Thumbnail, thumbnails
from vsr.reports.evaluation.evaluation_content import EvaluationContent, Plane, QuerySearch
from vsr.reports.evaluation.evaluation_figures import (
    hub_figure,
    precision_recall_figure,
    rank_figure,
    similarity_figure,
)

PAGE = "evaluation.html"

_SIDE, _MAP_SIDE = 112, 64  # pixels of thumbnails
_SEARCH_BYTES, _MAP_BYTES = 1_700_000, 2_400_000  # for all of them, so that the page stays below 5 MB
_MOST_ROWS = 300  # of a table of labels
_CANVAS = (860, 640)  # units of the map
_EDGE, _RADIUS = 14, 6
_FIGURE_BYTES = 120_000

Figures = dict[str, tuple[Figure, str]]  # by file name, with what it shows in words


def write_evaluation_page(folder: str | Path, content: EvaluationContent) -> Path:
    """Write ``evaluation.html``, the figures and a picture of each group of searches into ``folder``.

    The figures are ``curves.png``, ``pr.png`` and, where there is something to show, ``hubness.png``,
    ``similarities.png`` and ``map.png``.

    Returns:
        The path of the page.
    """
    folder = Path(folder)
    figures: dict[str, dict[str, str]] = {}
    for name, (figure, words) in _figures(content).items():
        image = rendered(figure)
        save_picture(image, folder / name, _FIGURE_BYTES)
        figures[name.partition(".")[0]] = {
            "source": data_uri((folder / name).read_bytes(), ".png"),
            "words": words,
        }
    if content.plane is not None:
        save_picture(
            rendered(scatter_figure(content.plane.places, content.plane.groups, content.title)),
            folder / "map.png",
        )
    for group in content.searches:
        drawn = [_search(search, content) for search in group.searches]
        draw_searches(drawn, folder / f"{group.name}.jpg", f"{group.title}, {content.title}")
    shown = thumbnails(content.pictures, _shown_rows(content), _SIDE, _SEARCH_BYTES)
    return write_page(
        folder / PAGE,
        "evaluation.html.j2",
        content=content,
        marks=MARKS,
        metrics=_metrics(content),
        meanings=content.meanings,
        figures=figures,
        thumbnails=shown,
        tables=[_table(level, table) for level, table in content.labels.items() if not table.empty],
        plane=None if content.plane is None else _plane(content.plane, content, shown),
    )


def _figures(content: EvaluationContent) -> Figures:
    found: Figures = {
        "curves.png": (rank_figure(content.rank_curves), _curve_words(content)),
        "pr.png": (precision_recall_figure(content.precision_recall), "Mean precision over recall"),
    }
    similarities, hubs = content.similarities, content.hubs
    if similarities is not None:
        means = ", ".join(f"{kind} {mean:.2f}" for kind, mean in similarities.means.items())
        found["similarities.png"] = (
            similarity_figure(similarities),
            f"Similarities of pairs; means: {means}",
        )
    if hubs is not None:
        words = f"Distribution of how often gallery pictures are found, skewness {hubs.skewness:.2f}"
        found["hubness.png"] = (hub_figure(hubs), words)
    return found


def _curve_words(content: EvaluationContent) -> str:
    table = content.rank_curves
    if table.empty:
        return "No query has anything to find"
    ends = ", ".join(f"{name} {table[name].iloc[-1]:.2f}" for name in ("hit_rate", "recall", "precision"))
    return f"Hit rate, recall and precision over k; at k = {table['k'].iloc[-1]}: {ends}"


def _metrics(content: EvaluationContent) -> list[dict[str, Any]]:
    changes = content.changes.means if content.changes else {}
    return [
        {
            "name": name,
            "mean": mean,
            "interval": content.intervals.get(name),
            "change": changes.get(name),
        }
        for name, mean in content.means.items()
    ]


def _search(search: QuerySearch, content: EvaluationContent) -> Search:
    """A search as `draw_searches` takes it."""
    results = [
        Result(content.pictures.get(hit.row), hit.score, hit.relevance, hit.caption) for hit in search.hits
    ]
    picture = content.pictures.get(search.row)
    return Search(picture, search.caption, results, search.n_relevant, search.metric)


def _shown_rows(content: EvaluationContent) -> Iterator[int]:
    """Rows whose pictures stand in the page whatever a person does."""
    for group in content.searches:
        for search in group.searches:
            yield search.row
            yield from (hit.row for hit in search.hits)
            yield from (hit.row for hit in search.before or ())
    if content.hubs is not None:
        yield from (hub.row for hub in content.hubs.worst)


def _table(level: str, table: pd.DataFrame) -> dict[str, Any]:
    rows = table.head(_MOST_ROWS).to_dict("records")
    columns = [str(name) for name in table.columns[2:]]
    return {"level": level, "columns": columns, "rows": rows, "n": len(table)}


def _plane(plane: Plane, content: EvaluationContent, shown: dict[int, Thumbnail]) -> dict[str, Any]:
    """Paths and legend of the map, and what its script needs to answer a pointer."""
    room = np.array(_CANVAS) - 2 * _EDGE
    places = _EDGE + np.asarray(plane.places) * room
    which_looks = looks(plane.groups)
    which = members(plane.groups, which_looks)
    own = thumbnails(content.pictures, [row for row in plane.rows if row not in shown], _MAP_SIDE, _MAP_BYTES)
    layers = [
        {
            "name": look.name,
            "color": look.color,
            "n": look.n,
            "path": path(look.shape, places[which == n], _RADIUS),
            "icon": path(look.shape, np.zeros((1, 2)), 5),
        }
        for n, look in enumerate(which_looks)
    ]
    data = {
        "x": np.round(places[:, 0], 1).tolist(),
        "y": np.round(places[:, 1], 1).tolist(),
        "layer": which.tolist(),
        "row": [int(row) for row in plane.rows],
        "caption": list(plane.captions),
        "group": list(plane.groups),
        "pictures": {str(row): one.content for row, one in own.items()},
    }
    return {"size": _CANVAS, "layers": layers, "data": data, "n": len(places)}
