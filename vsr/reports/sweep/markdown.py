"""The report as Markdown: ``sweep.md``, with its figures beside it."""

from pathlib import Path

from vsr.display.markdown import escaped, facts_text, table_text, warning_text
from vsr.files import write_text
from vsr.reports.sweep.document import Document


def write_markdown(path: Path, content: Document, figures: list[tuple[str, str]]) -> None:
    """Write ``content`` with ``figures``, each a file name and what it shows."""
    parts = [f"# {escaped(content.title)}"]
    if content.command:
        parts.append(f"```\n{content.command}\n```")
    parts += [warning_text(one["text"], one["names"]) for one in content.warnings]
    if content.choice:
        parts.append(f"The best: {escaped(content.choice.name)}\n\n```\n{content.choice.command}\n```")
    judgment = content.judgment
    parts.append(f"**{escaped(judgment.lead)}.** {escaped(judgment.why)}")
    if judgment.command:
        parts.append(f"```\n{judgment.command}\n```")
    parts += [escaped(note) for note in content.notes]
    tables = (content.chosen, content.means, content.space)
    parts += [table_text(table) for table in tables if table and table.rows]
    parts.append(escaped(content.importance))
    parts += [f"![{escaped(shows)}]({name})" for name, shows in figures]
    parts += [table_text(content.runs), "## The sweep", facts_text(content.facts)]
    write_text(path, "\n\n".join(parts) + "\n")
