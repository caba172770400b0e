"""The report as Markdown: ``report.md``, with its figures beside it."""

from pathlib import Path

from vsr.files import write_text
from vsr.reports.ann.document import Document, Table
from vsr.reports.ann.words import Advice


def write_markdown(path: Path, document: Document, figures: list[tuple[str, str]]) -> None:
    """Write ``document`` with ``figures``, each a file name and what it shows."""
    parts = [f"# {_escaped(document.title)}"]
    if document.command:
        parts.append(f"```\n{document.command}\n```")
    parts += [_warning(one["text"], one["names"]) for one in document.warnings]
    if document.advice:
        parts.append("## Recommendation")
        parts += [_advice(one) for one in document.advice]
    parts += [f"![{_escaped(shows)}]({name})" for name, shows in figures]
    parts += [_table(table) for table in document.tables if table.rows]
    parts.append("## Measured on")
    parts.append("\n".join(f"- {label}: {_fact(value, typed)}" for label, value, typed in document.facts))
    write_text(path, "\n\n".join(parts) + "\n")


def _advice(one: Advice) -> str:
    head = f"**{one.budget}: {_escaped(one.name)}.** {_escaped(one.why)}"
    return "\n".join([head, "", *(f"- {_escaped(point)}" for point in one.points)])


def _warning(text: str, names: list[str]) -> str:
    listed = "; ".join(_escaped(name) for name in names)
    return f"> {_escaped(text)}" + (f" {listed}." if names else "")


def _table(table: Table) -> str:
    lines = [
        "| " + " | ".join(_escaped(head) for head in table.heads) + " |",
        "| " + " | ".join(["---", "---", *["---:"] * (len(table.heads) - 2)]) + " |",
        *("| " + " | ".join(_escaped(cell) for cell in row) + " |" for row in table.rows),
    ]
    text = f"## {_escaped(table.title)}\n\n" + "\n".join(lines)
    return f"{text}\n\n{_escaped(table.hint)}" if table.hint else text


def _fact(value: str, typed: bool) -> str:
    return f"`{value}`" if typed else _escaped(value)


def _escaped(text: str) -> str:
    """``text`` with nothing in it that Markdown or HTML would read as a sign."""
    for sign in "\\`*_|[]":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").split(" "))
