"""The pages of what a pass over a split gave: one of exact search, and one of each stage that changes it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from vsr.data.catalogue.catalogue import Catalogue
from vsr.provenance import command, versions
from vsr.reports.evaluation.evaluation_content import Changes, StageLink
from vsr.reports.evaluation.evaluation_page import PAGE
from vsr.reports.evaluation.examples import METRIC
from vsr.reports.evaluation.page_searches import OTHER
from vsr.reports.evaluation.show import show_evaluation
from vsr.reports.evaluation.shown import Shown
from vsr.retrieval.evaluation import Evaluation
from vsr.retrieval.search import EXACT
from vsr.retrieval.stages import Stage
from vsr.training.evaluation_callback import Measured

STAGES = "stages"  # the folder of what follows exact search, a folder a stage in it


def show_measured(
    measured: Measured,
    catalogue: Catalogue,
    folder: Path,
    facts: Sequence[tuple[str, str, bool]] = (),
    against: Evaluation | None = None,
    named: str = OTHER,
) -> list[Path]:
    """Write ``evaluation.html`` of exact search into ``folder`` and of stages into ``folder/stages/<stage>``.

    What changed most is shown against exact search's lists on the pages of the stages, and on that of exact
    search against another run where one is given. Exact search's lists have no page: they are on its own.

    Args:
        measured: what there is to show.
        catalogue: where the pictures and their labels are.
        folder: where to.
        facts: as for `vsr.reports.evaluation.show.show_evaluation`; versions and command are added.
        against: exact search of another run of the same protocol.
        named: what a person calls it.

    Returns:
        The paths of the pages, that of exact search first.
    """
    shown = Shown(
        measured.evaluation,
        catalogue,
        measured.query_rows,
        measured.gallery_rows,
        measured.queries,
        measured.gallery,
        similarity=measured.similarity,
        stages=_links(measured.stages, 0),
    )
    names = " · ".join(f"{name} {one}" for name, one in versions().items())
    facts = [*facts, ("command", command(), True), ("versions", names, False)]
    pages = [show_evaluation(shown, folder, against, named, facts)]
    named = stage_words(measured.stages[1]) if len(measured.stages) > 1 else ""
    for place, stage in enumerate(measured.stages[2:], 2):
        part = replace(
            shown,
            evaluation=stage.evaluation,
            queries=None,  # what the stage ranks by is not the distance of these
            gallery=None,
            stages=_links(measured.stages, place),
            changes=Changes(stage.change(measured.baseline), named, stage.evaluation.cut or 0),
        )
        times = f"{stage.ms_per_query:.3g} ms a query"
        if stage.offline_s >= 0.01:
            times += f", {stage.offline_s:.2g} s before any query"
        about = [("stage", stage_words(stage), False), ("time", times, False), *facts]
        into = folder / STAGES / stage.name
        pages.append(show_evaluation(part, into, measured.baseline, named, about))
    return pages


def stage_words(stage: Stage) -> str:
    """The name of a stage for people: ``exact search``, ``exact search's first 100``, ``flat + alpha_qe``."""
    if stage.name == EXACT:
        return "exact search"
    if stage.name.startswith(f"{EXACT}@"):
        return f"exact search's first {stage.evaluation.cut}"
    return stage.name.replace("+", " + ")


def _links(stages: Sequence[Stage], here: int) -> list[StageLink]:
    """The pages of all stages as the page of one of them sees them; none where there is one stage only."""
    if len(stages) == 1:
        return []
    up = "" if here == 0 else "../../"
    links = []
    for place, stage in enumerate(stages):
        where = f"{up}{PAGE}" if place == 0 else f"{up}{STAGES}/{stage.name}/{PAGE}"
        href = None if place in (1, here) else where
        mean = stage.evaluation.means.get(METRIC)
        words = "" if mean is None else f"{METRIC} {mean:.3f}"
        links.append(StageLink(stage_words(stage), href, words, place == here))
    return links
