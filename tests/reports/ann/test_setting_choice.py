import json

from vsr.reports.ann.comparison_json import read_comparison
from vsr.reports.ann.setting_choice import best_at, best_line, exact, fastest, lossless, per_million, smallest


def test_at_a_level_the_fastest_that_reaches_it_is_taken(found):
    rows = found.of("hnsw")
    assert [best_at(rows, "recall@10", level)["setting"] for level in (0.9, 0.95, 0.99)] == [
        "ef_search=16",
        "ef_search=64",
        "ef_search=256",
    ]
    assert best_at(found.of("ivf_pq"), "recall@10", 0.95) is None


def test_the_three_budgets(found):
    assert fastest(found).setting["setting"] == "ef_search=64"
    assert smallest(found).backend["name"] == "ivf_pq"
    assert smallest(found).setting["setting"] == "nprobe=64"
    assert exact(found).backend["name"] == "flat"
    assert lossless(found).setting["setting"] == "ef_search=256"


def test_where_nothing_reaches_the_recall_the_nearest_is_taken(write):
    folder = write()
    told = json.loads((folder / "comparison.json").read_text())
    told["settings"] = [row | {"recall@10": row["recall@10"] / 2} for row in told["settings"]]
    (folder / "comparison.json").write_text(json.dumps(told))
    found = read_comparison(folder)
    assert fastest(found).setting["setting"] == "ef_search=256"
    assert smallest(found) == fastest(found)


def test_without_measurements_nothing_is_chosen(write):
    found = read_comparison(write(settings=[]))
    assert fastest(found) is exact(found) is lossless(found) is smallest(found) is None


def test_a_cost_is_in_proportion():
    assert per_million(5.0, 1000) == 5000.0


def test_a_line_for_the_terminal(found):
    line = best_line(found.backend("hnsw"), found.of("hnsw"))
    assert "recall@10 0.970 at     2,000 queries/s on one core, ef_search=64, built in 2.0 s" in line
    assert "build: took 9 GiB" in best_line(found.backend("nsg"), [])
