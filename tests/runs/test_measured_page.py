"""What a pass over a split gave becomes a page, its map and similarities included."""

import re

import numpy as np
import pandas as pd
import pytest
import torch

from vsr.data.catalogue.catalogue import Catalogue
from vsr.index.flat import Flat
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.rerankers.alpha_qe import AlphaQE
from vsr.runs.measured_page import show_measured
from vsr.training.evaluation_callback import RankingEvaluation, measure


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Folder and pages of exact search, against another run, of an index and of a reranker after it."""
    rows = np.arange(12)
    table = pd.DataFrame({"item": [f"p{row}" for row in rows], "image": rows, "product": rows // 4})
    pixels = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)
    catalogue = Catalogue(table.assign(split="test", role="both"), ("product",), "made/v1", pixels=pixels)
    vectors = torch.nn.functional.normalize(torch.randn(12, 6, generator=torch.Generator().manual_seed(0)))
    how = RankingEvaluation(RankingMetrics(["map"]), Flat(), [AlphaQE(3)])
    measured, other = (
        measure(how, catalogue, "test", some, torch.from_numpy(rows))
        for some in (vectors, vectors.roll(1, 0))
    )
    folder = tmp_path_factory.mktemp("pages")
    return folder, show_measured(measured, catalogue, folder, against=other.evaluation, named="runs/a")


def test_every_stage_has_a_page_and_each_leads_to_the_others(pages):
    folder, written = pages
    below = [folder / "stages" / name / "evaluation.html" for name in ("flat", "flat+alpha_qe")]
    assert written == [folder / "evaluation.html", *below]
    for page in written:
        links = re.findall(r'<a href="([^#"]+)"', page.read_text("utf-8"))
        reached = {(page.parent / link).resolve() for link in links}
        assert reached == {other.resolve() for other in written if other != page}


def test_a_stage_is_shown_against_exact_search_and_exact_search_against_the_other_run(pages):
    exact, *stages = (page.read_text("utf-8") for page in pages[1])
    assert "against runs/a;" in exact
    assert len(stages) == 2
    assert all("against exact search&#39;s first 100;" in stage for stage in stages)


def test_a_stage_says_its_change_from_exact_searchs_lists_which_have_no_page(pages):
    folder, (exact, flat, _) = pages
    assert not (folder / "stages" / "exact@100").exists()
    html = flat.read_text("utf-8")
    assert "<b>exact search&#39;s first 100 <i>map" in html
    assert '<b aria-current="page">flat <i>map' in html
    assert '<th scope="col" title="less that of exact search&#39;s first 100">change</th>' in html
    assert "Measured on lists of 100: what they miss counts as not found." in html
    assert ">change</th>" not in exact.read_text("utf-8")


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
