"""An evaluation becomes a page and pictures, whatever is missing."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.relevance.label_relevance import LabelRelevance
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.errors import DataError
from vsr.index.neighbors import Neighbors
from vsr.metrics.ranking import RankingMetrics
from vsr.reports.evaluation.evaluation_content import StageLink
from vsr.reports.evaluation.page_searches import search_groups
from vsr.reports.evaluation.show import show_evaluation
from vsr.reports.evaluation.shown import Shown
from vsr.retrieval.breakdown import complete
from vsr.retrieval.evaluate import evaluate
from vsr.retrieval.evaluation import Evaluation

METRICS = RankingMetrics(["map", "hit_rate@1", "ndcg@10"])
PICTURES = {"curves.png", "pr.png", "hubness.png", "worst.jpg", "best.jpg", "random.jpg"}


def store(n_labels=5, each=4, seed=0):
    """A catalogue of ``each`` pictures of products, two products a category, as queries and gallery."""
    n, random = n_labels * each, np.random.default_rng(seed)
    labels = np.repeat(np.arange(n_labels), each)
    table = pd.DataFrame(
        {"item": [f"i{row}" for row in range(n)], "image": np.arange(n), "split": "test", "role": "both"}
    )
    table["product"], table["category"] = [f"<p{one}>" for one in labels], [f"c{one // 2}" for one in labels]
    pixels = random.integers(0, 256, (n, 10, 12, 3), np.uint8)
    return Catalogue(table, ("product", "category"), "made/v1", pixels=pixels, gains=(3.0, 1.0)), labels


def shown(noise=1.0, n_labels=5, each=4, seed=0, **changes):
    catalogue, labels = store(n_labels, each)
    rows = np.arange(len(labels))
    random = np.random.default_rng(seed)
    vectors = torch.from_numpy(
        np.eye(n_labels)[labels] + noise * random.normal(size=(len(labels), n_labels))
    ).float()
    relevance = LabelRelevance.from_catalogue(catalogue, rows, rows)
    evaluation = evaluate(vectors, vectors, relevance, METRICS)
    evaluation.protocol, evaluation.fingerprint = "made/v1:test", catalogue.fingerprint
    parts = {"evaluation": evaluation, "catalogue": catalogue, "query_rows": rows, "gallery_rows": rows}
    return Shown(**parts | {"queries": vectors, "gallery": vectors} | changes)


def test_the_page_and_all_pictures_are_written(tmp_path):
    page = show_evaluation(shown(), tmp_path)
    assert page == tmp_path / "evaluation.html"
    assert {path.name for path in tmp_path.iterdir()} == PICTURES | {
        "evaluation.html",
        "similarities.png",
        "map.png",
    }
    assert all(path.stat().st_size < 300_000 for path in tmp_path.glob("*.png"))


def test_a_loaded_evaluation_has_neither_map_nor_similarities_and_the_page_says_so(tmp_path):
    made = shown()
    made.evaluation.save(tmp_path / "saved")
    loaded = shown(evaluation=Evaluation.load(tmp_path / "saved"), queries=None, gallery=None)
    html = show_evaluation(loaded, tmp_path / "page").read_text("utf-8")
    assert {path.name for path in (tmp_path / "page").iterdir()} == PICTURES | {"evaluation.html"}
    assert html.count("The embeddings are not at hand") == 2


def test_worst_and_best_are_those_by_average_precision():
    made = shown()
    values = made.evaluation.per_query["map"]
    groups = {group.name: group for group in search_groups(made)}
    assert [search.row for search in groups["worst"].searches] == np.argsort(values, kind="stable")[
        :8
    ].tolist()
    assert [search.row for search in groups["best"].searches] == np.argsort(-values, kind="stable")[
        :8
    ].tolist()
    assert groups["worst"].searches[0].metric == f"AP {values.min():.3f}"


def test_the_most_changed_searches_show_what_was_found_before(tmp_path):
    now, before = shown(), shown(noise=3.0, seed=1)
    changed = search_groups(now, before.evaluation)[0]
    gained = now.evaluation.per_query["map"] - before.evaluation.per_query["map"]
    assert changed.name == "changed"
    assert [search.row for search in changed.searches] == np.argsort(-np.abs(gained), kind="stable")[
        :8
    ].tolist()
    first = changed.searches[0]
    assert [hit.row for hit in first.before] == before.evaluation.neighbors.ids[first.row, :10].tolist()
    show_evaluation(now, tmp_path, against=before.evaluation)
    assert (tmp_path / "changed.jpg").is_file()


def test_an_evaluation_against_itself_has_nothing_changed(tmp_path):
    made = shown()
    assert search_groups(made, made.evaluation)[0].searches == []
    show_evaluation(made, tmp_path, against=made.evaluation)


@pytest.mark.parametrize(
    ("what", "value"), [("protocol", "other:test"), ("fingerprint", "0"), ("n_queries", 3)]
)
def test_evaluations_that_do_not_belong_together_are_refused(what, value):
    other = shown().evaluation
    setattr(other, what, value)
    with pytest.raises(DataError, match=f"the same {what} can be compared"):
        search_groups(shown(), other)


def finished(made, rows=None):
    """The evaluation of ``made`` as it is saved, with its queries in another order when given."""
    order = np.arange(20) if rows is None else rows
    evaluation = evaluate(
        made.queries[order],
        made.gallery,
        LabelRelevance.from_catalogue(made.catalogue, order, made.gallery_rows),
        METRICS,
    )
    evaluation.protocol, evaluation.fingerprint = "made/v1:test", made.catalogue.fingerprint
    complete(evaluation, made.catalogue, order, made.gallery_rows)
    return evaluation


def test_the_other_run_may_have_its_queries_in_another_order():
    now, before = shown(), shown(noise=3.0, seed=1)
    order = np.random.default_rng(3).permutation(20)
    plain = search_groups(now, before.evaluation)[0]
    mixed = search_groups(shown(evaluation=finished(now)), finished(before, order))[0]
    assert [(one.row, one.metric, one.before) for one in mixed.searches] == [
        (one.row, one.metric, one.before) for one in plain.searches
    ]


def test_another_gallery_of_the_same_catalogue_is_refused_by_the_name_of_the_run():
    now = shown(evaluation=finished(shown()))
    other = finished(shown())
    other.sides = dataclasses.replace(other.sides, gallery_rows=np.arange(19))
    with pytest.raises(
        DataError, match="this evaluation and runs/a cannot be compared: they have different gall"
    ):
        search_groups(now, other, named="runs/a")


def test_the_page_says_the_level_of_its_intervals(tmp_path):
    made = shown()
    made.evaluation.intervals, made.evaluation.resampling = {"map": (0.1, 0.2)}, {"level": 0.5}
    assert "50 % interval" in show_evaluation(made, tmp_path).read_text("utf-8")


def test_the_page_of_a_stage_says_which_and_links_the_others(tmp_path):
    links = [
        StageLink("exact", "../../evaluation.html", "map 0.250"),
        StageLink("flat + mmr", None, "map 0.5", here=True),
    ]
    made = shown()
    stage = dataclasses.replace(made, queries=None, gallery=None, stages=links)
    html = show_evaluation(stage, tmp_path, made.evaluation, "exact search").read_text("utf-8")
    assert "made/v1:test, flat + mmr" in html
    assert '<a href="../../evaluation.html">exact <i>map 0.250</i></a>' in html
    assert '<b aria-current="page">flat + mmr <i>map 0.5</i></b>' in html
    assert html.count("see exact search for the embeddings") == 2
    assert "greatest changes of map against exact search" in html


@pytest.mark.parametrize("similarity", ["cosine", "ip", "l2"])
def test_ignored_pictures_have_the_scores_of_the_similarity_that_ranked(similarity):
    made = shown(noise=0.5)
    rows = np.arange(20)
    everything = evaluate(made.queries, made.gallery, made.relevance, METRICS, similarity=similarity)
    best, second = everything.neighbors.ids[0, :2].tolist()
    only = [[second], *[[] for _ in rows[1:]]]  # so that query 0 alone is answerable and shown
    junk = ListRelevance.from_lists(only, 20, [[q, best] for q in rows])
    evaluation = evaluate(made.queries, made.gallery, junk, METRICS, similarity=similarity)
    evaluation.fingerprint = made.catalogue.fingerprint
    again = shown(noise=0.5, evaluation=evaluation, relevance=junk, similarity=similarity)
    first = search_groups(again)[0].searches[0]
    assert (first.hits[0].row, first.hits[0].relevance) == (best, "ignored")
    assert first.hits[0].score == pytest.approx(everything.neighbors.scores[0, 0], abs=1e-5)


def test_another_catalogue_is_refused():
    with pytest.raises(DataError, match="give the catalogue it was made on"):
        shown(catalogue=store(n_labels=6)[0])


def test_other_rows_are_refused():
    with pytest.raises(DataError, match="20 queries, 3 rows are given"):
        shown(query_rows=np.arange(3))


def test_ignored_pictures_stand_where_their_similarity_puts_them():
    made = shown(noise=0.5)
    rows = np.arange(20)
    relevant = [[i for i in rows if i // 4 == q // 4 and i != q] for q in rows]
    best = int(made.evaluation.neighbors.ids[0, 0])
    junk = ListRelevance.from_lists(
        [[i for i in one if i != best] for one in relevant], 20, [[q, best] for q in rows]
    )
    evaluation = evaluate(made.queries, made.gallery, junk, METRICS)
    evaluation.fingerprint = made.catalogue.fingerprint
    again = shown(noise=0.5, evaluation=evaluation, relevance=junk)
    for search in (search for group in search_groups(again) for search in group.searches):
        scores = [hit.score for hit in search.hits]
        assert scores == sorted(scores, reverse=True)
        assert all(hit.row != search.row for hit in search.hits)  # the query itself is not shown
        place = made.evaluation.neighbors.ids[search.row].tolist().index(best) if search.row != best else 99
        ignored = [n for n, hit in enumerate(search.hits) if hit.relevance == "ignored"]
        assert ignored == ([place] if place < 10 else [])


def scripted(ids, gains, n_relevant):
    """An evaluation of given lists."""
    ids = np.array(ids)
    n_relevant = np.array(n_relevant)
    scores = np.where(ids < 0, -np.inf, 0.5).astype(np.float32)
    values = np.where(n_relevant > 0, 0.5, np.nan)
    return Evaluation(
        means={"map": 0.5},
        per_query={"map": values},
        neighbors=Neighbors(ids, scores),
        gains=np.array(gains, np.float32),
        n_relevant=n_relevant,
        n_queries=len(ids),
        n_left_out=int((n_relevant == 0).sum()),
    )


@pytest.mark.parametrize(
    ("ids", "gains", "n_relevant"),
    [
        ([[1, -1, -1]], [[3, 0, 0]], [3]),
        ([[-1, -1, -1]], [[0, 0, 0]], [3]),
        ([[1, 2, 3]], [[0, 0, 0]], [0]),
    ],
    ids=["a short list", "nothing found", "nothing relevant"],
)
@pytest.mark.parametrize("embedded", [True, False])
def test_one_query_and_lists_that_end_early(tmp_path, ids, gains, n_relevant, embedded):
    made = shown()
    vectors = (made.queries[:1], made.gallery) if embedded else (None, None)
    one = shown(
        evaluation=scripted(ids, gains, n_relevant),
        query_rows=np.array([0]),
        queries=vectors[0],
        gallery=vectors[1],
    )
    assert show_evaluation(one, tmp_path).is_file()


def test_pictures_that_cannot_be_read_leave_a_note(tmp_path, write_pictures):
    root = write_pictures({"cup": 3, "mug": 3})
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.jpg"))
    (root / paths[0]).write_bytes(b"no picture")
    table = pd.DataFrame({"item": paths, "image": paths, "split": "test", "role": "both"})
    table["product"] = [path.partition("/")[0] for path in paths]
    catalogue = Catalogue(table, ("product",), "photos/v1", root=root)
    rows, vectors = np.arange(6), torch.eye(6)
    evaluation = evaluate(vectors, vectors, LabelRelevance.from_catalogue(catalogue, rows, rows), METRICS)
    html = show_evaluation(
        Shown(evaluation, catalogue, rows, rows, vectors, vectors), tmp_path / "page"
    ).read_text("utf-8")
    assert "no picture" in html
    assert html.count("<image ") == 5


def test_labels_without_an_answerable_query_have_no_row(tmp_path):
    made = shown(each=1)  # every product once: nothing is relevant to anything
    html = show_evaluation(made, tmp_path).read_text("utf-8")
    assert 'class="sortable"' not in html
    assert "5 of 5 queries have nothing relevant" in html


def test_many_points_are_sampled(tmp_path, monkeypatch):
    monkeypatch.setattr("vsr.reports.evaluation.show._POINTS", 12)
    html = show_evaluation(shown(), tmp_path).read_text("utf-8")
    assert "12 random ones of 20 pictures" in html
    assert "Map of 12 pictures" in html
