"""Measurements told to people: figures, pages and lines in the terminal, from plain tables and files."""

from vsr.reports.comparison_page import Change, write_comparison_page
from vsr.reports.console import epoch_line, short_config
from vsr.reports.curves import draw_curves
from vsr.reports.evaluation_content import EvaluationContent, Hit
from vsr.reports.evaluation_page import write_evaluation_page
from vsr.reports.page import render, write_page
from vsr.reports.run_page import write_run_page
from vsr.reports.searches import Result, Search, draw_searches
from vsr.reports.tables import comparison_tables, evaluation_tables, groups_tables, metrics_table
from vsr.reports.trial_line import trial_line

__all__ = [
    "Change",
    "EvaluationContent",
    "Hit",
    "Result",
    "Search",
    "comparison_tables",
    "draw_curves",
    "draw_searches",
    "epoch_line",
    "evaluation_tables",
    "groups_tables",
    "metrics_table",
    "render",
    "short_config",
    "trial_line",
    "write_comparison_page",
    "write_evaluation_page",
    "write_page",
    "write_run_page",
]
