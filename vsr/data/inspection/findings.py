"""What an inspection found: how bad it is, how often, where, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True)
class Case:
    """One place of a finding.

    Attributes:
        text: a path, a label, or what is said of it.
        rows: of the catalogue, whose pictures show it: one, or a picture and its copy.
    """

    text: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Finding:
    """Something that a person should know before training.

    Attributes:
        severity: an ``error`` makes training or its figures wrong, a ``warning`` may, a ``note`` does not.
        name: of its kind, for machines, such as ``unreadable`` or ``copies/train/test``.
        text: a sentence with the number.
        advice: what to do about it; empty for a plain fact.
        cases: all of them.
    """

    severity: Severity
    name: str
    text: str
    advice: str = ""
    cases: tuple[Case, ...] = ()


def by_severity(findings: list[Finding]) -> list[Finding]:
    """Errors first, then warnings, then notes; otherwise in their order."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def several(n: int, one: str, more: str | None = None) -> str:
    """A number with its noun: ``1 picture``, ``2 pictures``, ``1,200 pictures``."""
    return f"{n:,} {one if n == 1 else more or one + 's'}"
