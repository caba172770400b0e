"""The page of what a pass over a split gave."""

from collections.abc import Sequence
from pathlib import Path

from vsr.data.catalogue import Catalogue
from vsr.retrieval.show import Shown, show_evaluation
from vsr.training.evaluation import Measured
from vsr.training.provenance import command, versions


def show_measured(
    measured: Measured, catalogue: Catalogue, folder: Path, facts: Sequence[tuple[str, str, bool]] = ()
) -> Path:
    """Write ``evaluation.html`` and its pictures into ``folder``.

    Args:
        measured: what there is to show.
        catalogue: where the pictures and their labels are.
        folder: where to.
        facts: as for `vsr.retrieval.show.show_evaluation`; versions and command are added.

    Returns:
        The path of the page.
    """
    shown = Shown(
        measured.evaluation,
        catalogue,
        measured.query_rows,
        measured.gallery_rows,
        measured.queries,
        measured.gallery,
    )
    names = " · ".join(f"{name} {one}" for name, one in versions().items())
    facts = [*facts, ("command", command(), True), ("versions", names, False)]
    return show_evaluation(shown, folder, intervals=measured.evaluation.intervals or None, facts=facts)
