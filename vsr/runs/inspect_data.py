"""Inspect a data set: the lines in the terminal, ``inspection.json`` and the page."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rich
from rich.progress import track
from rich.text import Text

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.inspection.counts import (
    class_size_table,
    class_sizes,
    kind_table,
    picture_table,
    present_splits,
    split_table,
)
from vsr.data.inspection.findings import Finding
from vsr.data.inspection.inspector import Inspection, Inspector
from vsr.data.inspection.samples import sample_rows
from vsr.data.inspection.scan import Look
from vsr.data.pictures.decode import CataloguePictures, CorruptPictureError
from vsr.errors import ConfigError
from vsr.files import write_json
from vsr.reports.inspection.inspection_page import FindingContent, InspectionContent, write_inspection_page
from vsr.reports.inspection.inspection_tables import inspection_lines

PAGE, ABOUT = "inspection.html", "inspection.json"
SHOWN = 160  # short side, pixels, of the pictures handed to the page


@dataclass
class InspectionRun:
    """The parts of one inspection.

    Attributes:
        catalogue: the pictures.
        inspector: what looks at them.
        folder: where page and file go.
        command: as typed.
        examples: cases of a finding that are shown with their pictures.
        sample_labels: labels of each split of which pictures are shown.
        sample_pictures: pictures of each of them.

    Raises:
        ConfigError: a number below 0.
    """

    catalogue: Catalogue
    inspector: Inspector
    folder: Path
    command: str
    examples: int = 8
    sample_labels: int = 12
    sample_pictures: int = 4

    def __post_init__(self) -> None:
        for name in ("examples", "sample_labels", "sample_pictures"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be >= 0, got {getattr(self, name)}")


def inspect_data(run: InspectionRun) -> Inspection:
    """Inspect the catalogue, print what was found, and write ``inspection.html`` and ``inspection.json``."""
    catalogue = run.catalogue

    def watched(looks: Iterable[Look]) -> Iterable[Look]:
        return track(looks, "pictures", total=len(catalogue), transient=True)

    inspection = run.inspector.inspect(catalogue, watched)
    about = inspection.about()
    write_json(run.folder / ABOUT, about | {"command": run.command})
    page = write_inspection_page(run.folder / PAGE, _content(run, inspection))
    console = rich.get_console()
    for part in inspection_lines(about):
        console.print(part, soft_wrap=isinstance(part, Text))  # a path stays one word
    console.print(f"Page: {page}", soft_wrap=True)
    return inspection


def _content(run: InspectionRun, inspection: Inspection) -> InspectionContent:
    catalogue, scan = run.catalogue, inspection.scan
    splits = present_splits(catalogue)
    samples = {
        split: {
            label: [int(row) for row in rows]
            for label, rows in sample_rows(
                catalogue, catalogue.rows(split), run.sample_labels, run.sample_pictures
            ).items()
        }
        for split in splits
    }
    findings = [_finding(finding, run.examples) for finding in inspection.findings]
    shown = {row for finding in findings for _, rows in finding.pictured for row in rows}
    shown |= {row for labels in samples.values() for rows in labels.values() for row in rows}
    return InspectionContent(
        title=catalogue.protocol,
        facts=_facts(run, inspection),
        findings=findings,
        splits=split_table(catalogue),
        class_sizes=class_size_table(catalogue),
        quantities=picture_table(scan),
        kinds=kind_table(scan),
        label_sizes={split: class_sizes(catalogue, split).to_numpy() for split in splits},
        picture_sizes=scan.table.loc[scan.sound, ["width", "height"]].to_numpy(),
        samples=samples,
        pictures=_pictures(catalogue, sorted(shown)),
        captions={row: _caption(catalogue, row) for row in shown},
    )


def _finding(finding: Finding, examples: int) -> FindingContent:
    pictured = [(case.text, case.rows) for case in finding.cases if case.rows][:examples]
    return FindingContent(
        finding.severity, finding.text, finding.advice, [case.text for case in finding.cases], pictured
    )


def _pictures(catalogue: Catalogue, rows: list[int]) -> dict[int, np.ndarray | None]:
    read = CataloguePictures(catalogue)
    found: dict[int, np.ndarray | None] = {}
    for row in rows:
        try:
            found[row] = np.asarray(read(row, SHOWN))
        except CorruptPictureError:
            found[row] = None
    return found


def _caption(catalogue: Catalogue, row: int) -> tuple[str, str]:
    record = catalogue.table.iloc[row]
    side = "" if record["role"] == "both" else f", {record['role']}"
    return str(record[catalogue.levels[0]]), f"{record['split']}{side}"


def _facts(run: InspectionRun, inspection: Inspection) -> list[tuple[str, str, bool]]:
    catalogue, inspector = run.catalogue, run.inspector
    near = "not looked for"
    if inspector.near_distance is not None:
        near = (
            f"difference hashes of 64 bits that differ in at most {inspector.near_distance}, and no part of "
            f"16 of the pictures that differs by more than {inspector.near_difference:g} of 255"
        )
    where = "an array of pixels" if catalogue.root is None else str(catalogue.root)
    return [
        ("command", run.command, True),
        ("pictures", where, catalogue.root is not None),
        ("catalogue", catalogue.fingerprint, True),
        ("copies", "exact: the same file and box, or the same pixels to the last bit", False),
        ("near copies", near, False),
    ]
