"""The report as Markdown: ``sweep.md``, with its figures beside it."""

from pathlib import Path

from vsr.files import write_text
from vsr.reports.markdown import escaped, facts_text, table_text, warning_text
from vsr.reports.sweep.document import Document


def write_markdown(path: Path, content: Document, figures: list[tuple[str, str]]) -> None:
    """Write ``content`` with ``figures``, each a file name and what it shows."""
    parts = [f"# {escaped(content.title)}"]
    if content.command:
        parts.append(f"```\n{content.command}\n```")
    parts += [warning_text(one["text"], one["names"]) for one in content.warnings]
    parts.append(f"**{escaped(content.judgement.lead)}.** {escaped(content.judgement.why)}")
    if content.judgement.command:
        parts.append(f"```\n{content.judgement.command}\n```")
    parts += [escaped(note) for note in content.notes]
    if content.choice:
        parts.append(f"```\n{content.choice.command}\n```")
    if content.chosen and content.chosen.rows:
        parts.append(table_text(content.chosen))
    if content.over_seeds:
        parts.append(table_text(content.over_seeds))
    parts += [f"![{escaped(shows)}]({name})" for name, shows in figures]
    parts += [
        escaped(content.importance),
        table_text(content.runs),
        "## The sweep",
        facts_text(content.facts),
    ]
    write_text(path, "\n\n".join(parts) + "\n")
