"""The inspection of a catalogue: every picture decoded, every label counted, every copy found."""

from dataclasses import dataclass
from typing import Any

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.inspection.copies import Copies, find_copies
from vsr.data.inspection.copy_findings import copy_findings
from vsr.data.inspection.counts import class_size_table, kind_table, picture_table, split_table
from vsr.data.inspection.file_findings import file_findings
from vsr.data.inspection.findings import Finding, by_severity
from vsr.data.inspection.label_findings import label_findings
from vsr.data.inspection.scan import Scan, Watch, scan
from vsr.errors import ConfigError


@dataclass(frozen=True)
class Inspection:
    """What an inspection found.

    Attributes:
        catalogue: that was inspected.
        scan: every picture, decoded.
        copies: which pictures are the same.
        findings: errors first.
    """

    catalogue: Catalogue
    scan: Scan
    copies: Copies
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> bool:
        """Whether there is no error: nothing that makes training, or what it is measured by, wrong."""
        return not any(finding.severity == "error" for finding in self.findings)

    def about(self) -> dict[str, Any]:
        """Everything as plain data, for machines: counts, sizes, and all cases of all findings."""
        items = self.catalogue.table["item"].to_numpy()
        return {
            "protocol": self.catalogue.protocol,
            "fingerprint": self.catalogue.fingerprint,
            "usable": self.usable,
            "pictures": len(self.catalogue),
            "splits": split_table(self.catalogue).to_dict("records"),
            "class_sizes": class_size_table(self.catalogue).to_dict("records"),
            "picture_sizes": picture_table(self.scan).to_dict("records"),
            "kinds": kind_table(self.scan).to_dict("records"),
            "findings": [
                {
                    "severity": finding.severity,
                    "name": finding.name,
                    "count": len(finding.cases),
                    "text": finding.text,
                    "advice": finding.advice,
                    "cases": [
                        {"text": case.text, "items": [str(items[row]) for row in case.rows]}
                        for case in finding.cases
                    ],
                }
                for finding in self.findings
            ],
        }


class Inspector:
    """Inspects catalogues.

    Args:
        workers: threads that decode and compare; None: as many as there are cores.
        near_distance: bits, of 64, in which the difference hashes of near copies may differ, 0 to 16;
            None: no search for near copies.
        near_difference: of 255, by which any of 16 parts of near copies may differ in the mean. Re-encoded,
            resized and slightly brightened photos stayed below 18, packages in another taste above 27.
        imbalance: how many times as large as the median label of train the largest may be.

    Raises:
        ConfigError: a value outside its range.
    """

    def __init__(
        self,
        workers: int | None = None,
        near_distance: int | None = 10,
        near_difference: float = 18.0,
        imbalance: float = 50.0,
    ) -> None:
        if workers is not None and workers < 1:
            raise ConfigError(f"inspector.workers must be >= 1 or null, got {workers}")
        if near_distance is not None and not 0 <= near_distance <= 16:
            raise ConfigError(f"inspector.near_distance must be 0 to 16 bits or null, got {near_distance}")
        if not 0 <= near_difference <= 255:
            raise ConfigError(f"inspector.near_difference must be 0 to 255, got {near_difference}")
        if imbalance < 1:
            raise ConfigError(f"inspector.imbalance must be >= 1, got {imbalance}")
        self.workers = workers
        self.near_distance = near_distance
        self.near_difference = near_difference
        self.imbalance = imbalance

    def inspect(self, catalogue: Catalogue, watch: Watch = lambda looks: looks) -> Inspection:
        """Look at everything.

        Args:
            catalogue: the pictures.
            watch: is given the pictures' looks as they come, for a progress bar.
        """
        looked = scan(catalogue, self.workers, watch)
        copies = find_copies(looked, self.near_distance, self.near_difference, self.workers)
        findings = [
            *file_findings(catalogue, looked),
            *copy_findings(catalogue, copies),
            *label_findings(catalogue, self.imbalance),
        ]
        return Inspection(catalogue, looked, copies, tuple(by_severity(findings)))
