"""Tables of text, and how they and other text are written as Markdown."""

from typing import NamedTuple


class Table(NamedTuple):
    """A table of text.

    Attributes:
        title: above it.
        heads: of the columns.
        rows: cells.
        hint: what to know, below it.
        folded: shown when asked for.
        words: how many columns from the left are text; the others are numbers.
    """

    title: str
    heads: list[str]
    rows: list[list[str]]
    hint: str = ""
    folded: bool = False
    words: int = 2


def table_text(table: Table) -> str:
    """``table`` below its title, its hint after it."""
    rules = ["---"] * table.words + ["---:"] * (len(table.heads) - table.words)
    lines = [
        "| " + " | ".join(escaped(head) for head in table.heads) + " |",
        "| " + " | ".join(rules) + " |",
        *("| " + " | ".join(escaped(cell) for cell in row) + " |" for row in table.rows),
    ]
    text = f"## {escaped(table.title)}\n\n" + "\n".join(lines)
    return f"{text}\n\n{escaped(table.hint)}" if table.hint else text


def facts_text(facts: list[tuple[str, str, bool]]) -> str:
    """A list of labels and values; a value that is to be typed as it stands is set as code."""
    return "\n".join(
        f"- {escaped(label)}: {f'`{value}`' if typed else escaped(value)}" for label, value, typed in facts
    )


def warning_text(text: str, names: list[str]) -> str:
    """A sentence set apart, with the names it is about."""
    listed = "; ".join(escaped(name) for name in names)
    return f"> {escaped(text)}" + (f" {listed}." if names else "")


def escaped(text: str) -> str:
    """``text`` on one line with nothing in it that Markdown or HTML would read as a sign."""
    for sign in "\\`*_|[]":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ").split(" "))
