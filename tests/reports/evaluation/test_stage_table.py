from rich.console import Console

from vsr.reports.evaluation.stage_table import stage_table


def lines(*more):
    console = Console(width=80, record=True)
    console.print(stage_table(*more))
    return [line.split() for line in console.export_text().splitlines() if line.strip()]


MEANS = {
    "exact": {"map": 0.75, "map@r": 0.1, "hit_rate@1": 0.25},
    "exact@100": {"map": 0.5, "map@r": 0.1, "hit_rate@1": 0.25},
    "flat": {"map": 0.5, "map@r": 0.1, "hit_rate@1": 0.25},
    "flat+alpha_qe": {"map": 0.625, "map@r": 0.1, "hit_rate@1": 0.25},
    "flat+alpha_qe+mmr": {"map": 0.375, "map@r": 0.1, "hit_rate@1": 0.25},
}


def test_a_stage_is_a_row_named_by_what_it_adds():
    times = {"exact": 1.0, "exact@100": 1.0, "flat": 0.5, "flat+alpha_qe": 2.0, "flat+alpha_qe+mmr": 4.25}
    head, _, *rows = lines(MEANS, times)
    assert head == ["hit_rate@1", "map", "ms/query"]
    assert rows == [
        ["exact", "0.250", "0.750", "1.000"],
        ["exact@100", "0.250", "0.500", "1.000"],
        ["flat", "0.250", "0.500", "0.500"],
        ["+", "alpha_qe", "0.250", "0.625", "2.000"],
        ["+", "mmr", "0.250", "0.375", "4.250"],
    ]


def test_rerankers_after_exact_search_are_added_to_each_other():
    rows = lines({"exact": {"map": 1.0}, "dba": {"map": 1.0}, "dba+mmr": {"map": 1.0}})[2:]
    assert [row[:-1] for row in rows] == [["exact"], ["dba"], ["+", "mmr"]]


def test_other_metrics_are_shown_when_the_usual_ones_are_not_measured():
    assert lines({"exact": {"map@r": 1.0, "h_ap": 0.5}})[0] == ["map@r", "h_ap"]
