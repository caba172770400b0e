"""What a pass over a split gave becomes a page, its map and similarities included."""

import re

import numpy as np
import pytest
import torch

from vsr.index import Flat
from vsr.metrics import RankingMetrics
from vsr.retrieval.rerankers import MMR, AlphaQE
from vsr.training import RankingEvaluation
from vsr.training.evaluation import measure
from vsr.training.measured_page import show_measured


@pytest.fixture
def split(make_catalogue):
    """Catalogue, embeddings and rows of 12 pictures."""
    catalogue = make_catalogue(test={"a": 4, "b": 4, "c": 4})
    vectors = torch.nn.functional.normalize(torch.randn(12, 6, generator=torch.Generator().manual_seed(0)))
    return catalogue, vectors, torch.arange(12)


def test_every_stage_has_a_page_and_each_leads_to_the_others(tmp_path, split):
    catalogue, vectors, rows = split
    how = RankingEvaluation(RankingMetrics(["map"]), Flat(), [AlphaQE(3), MMR()])
    pages = show_measured(measure(how, catalogue, "test", vectors, rows), catalogue, tmp_path)
    names = ["flat", "flat+alpha_qe", "flat+alpha_qe+mmr"]
    assert pages == [
        tmp_path / "evaluation.html",
        *(tmp_path / "stages" / name / "evaluation.html" for name in names),
    ]
    for page in pages:
        links = re.findall(r'<a href="([^#"]+)"', page.read_text("utf-8"))
        reached = {(page.parent / link).resolve() for link in links}
        assert reached == {other.resolve() for other in pages if other != page}


def test_a_stage_is_shown_against_exact_search_and_exact_search_against_the_other_run(tmp_path, split):
    catalogue, vectors, rows = split
    how = RankingEvaluation(RankingMetrics(["map"]), rerankers=[MMR()])
    measured = measure(how, catalogue, "test", vectors, rows)
    other = measure(how, catalogue, "test", vectors.roll(1, dims=0), rows).evaluation
    exact, stage = (
        page.read_text("utf-8")
        for page in show_measured(measured, catalogue, tmp_path, against=other, named="runs/a")
    )
    assert "against runs/a;" in exact
    assert "against exact search;" in stage


def test_the_embeddings_of_the_pass_reach_the_page(tmp_path, make_catalogue):
    catalogue = make_catalogue(test={"a": 4, "b": 4, "c": 4})
    vectors = torch.nn.functional.normalize(torch.randn(12, 6, generator=torch.Generator().manual_seed(0)))
    how = RankingEvaluation(RankingMetrics(["map"]))
    measured = measure(how, catalogue, "test", vectors, torch.from_numpy(np.arange(12)))
    (page,) = show_measured(measured, catalogue, tmp_path, [("checkpoint", "best.ckpt", True)])
    html = page.read_text("utf-8")
    assert "Map of 12 pictures" in html
    assert "Pairs of all 12 queries" in html
    assert "best.ckpt" in html
    assert (tmp_path / "map.png").is_file()
