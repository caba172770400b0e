"""The report as Markdown: ``report.md``, with its figures beside it."""

from pathlib import Path

from vsr.display.markdown import escaped, facts_text, table_text, warning_text
from vsr.files import write_text
from vsr.reports.ann.document import Document
from vsr.reports.ann.words import Advice


def write_markdown(path: Path, document: Document, figures: list[tuple[str, str]]) -> None:
    """Write ``document`` with ``figures``, each a file name and what it shows."""
    parts = [f"# {escaped(document.title)}"]
    if document.command:
        parts.append(f"```\n{document.command}\n```")
    parts += [warning_text(one["text"], one["names"]) for one in document.warnings]
    if document.advice:
        parts.append("## Recommendation")
        parts += [_advice(one) for one in document.advice]
    parts += [f"![{escaped(shows)}]({name})" for name, shows in figures]
    parts += [table_text(table) for table in document.tables if table.rows]
    parts.append("## Measured on")
    parts.append(facts_text(document.facts))
    write_text(path, "\n\n".join(parts) + "\n")


def _advice(one: Advice) -> str:
    head = f"**{one.budget}: {escaped(one.name)}.** {escaped(one.why)}"
    return "\n".join([head, "", *(f"- {escaped(point)}" for point in one.points)])
