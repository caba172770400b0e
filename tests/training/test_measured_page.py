"""What a pass over a split gave becomes a page, its map and similarities included."""

import numpy as np
import torch

from vsr.metrics import RankingMetrics
from vsr.training import RankingEvaluation
from vsr.training.evaluation import measure
from vsr.training.measured_page import show_measured


def test_the_embeddings_of_the_pass_reach_the_page(tmp_path, make_catalogue):
    catalogue = make_catalogue(test={"a": 4, "b": 4, "c": 4})
    vectors = torch.nn.functional.normalize(torch.randn(12, 6, generator=torch.Generator().manual_seed(0)))
    how = RankingEvaluation(RankingMetrics(["map"]))
    measured = measure(how, catalogue, "test", vectors, torch.from_numpy(np.arange(12)))
    html = show_measured(measured, catalogue, tmp_path, [("checkpoint", "best.ckpt", True)]).read_text(
        "utf-8"
    )
    assert "Map of 12 pictures" in html
    assert "Pairs of all 12 queries" in html
    assert "best.ckpt" in html
    assert (tmp_path / "map.png").is_file()
