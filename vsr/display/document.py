"""The content of a report: sections of text, tables and figures, and the same content as Markdown.

`vsr.display.document_page` writes a document as an HTML page and a Markdown file.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # documents are also put together where nothing is drawn
    from matplotlib.figure import Figure as Drawing

Fact = tuple[str, str, bool]  # label, value (empty: left out), and whether the value is code


class Text(NamedTuple):
    """A paragraph; ``lead``, a sentence without its period, is set off before it, a ``hint`` set smaller."""

    text: str
    lead: str = ""
    hint: bool = False


class Code(NamedTuple):
    """A command line."""

    text: str


class Facts(NamedTuple):
    """Labels and values."""

    items: Sequence[Fact]


class Headline(NamedTuple):
    """One large number: its name, its uncertainty (may be empty), and what it was measured on."""

    name: str
    value: str
    around: str
    source: str


class Card(NamedTuple):
    """A recommendation: what it is for, what is recommended, why, and what that does and costs."""

    label: str
    title: str
    why: str
    points: Sequence[str]


class Cards(NamedTuple):
    """Recommendations side by side."""

    cards: Sequence[Card]


class Figure(NamedTuple):
    """A drawing: its file relative to the page, what it shows, and how to read it."""

    file: str
    title: str
    note: str
    drawing: "Drawing"


class Table(NamedTuple):
    """A table of text.

    Attributes:
        heads: of the columns.
        rows: cells.
        hint: a note below the table.
        folded: a title; the table then opens on a click.
        words: columns from the left that are text; the others are numbers.
        ends_in_words: whether the last column is text, too.
        links: by row, the page that the first cell leads to, or empty.
        looks: by row, ``best`` for one that stands out, ``gone`` for a pale one, or empty.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    hint: str = ""
    folded: str = ""
    words: int = 2
    ends_in_words: bool = False
    links: Sequence[str] = ()
    looks: Sequence[str] = ()

    def is_words(self, column: int) -> bool:
        """Whether a column holds text, which is aligned to the left."""
        return column < self.words or (self.ends_in_words and column == len(self.heads) - 1)


Block = Text | Code | Facts | Headline | Cards | Figure | Table


class Caution(NamedTuple):
    """What a reader has to know before believing the numbers, and the names that it is about."""

    text: str
    names: Sequence[str] = ()


class Section(NamedTuple):
    """Blocks below a title, which may be empty."""

    title: str
    blocks: Sequence[Block]


class Document(NamedTuple):
    """A report.

    Attributes:
        kind: of report.
        title: the report in one line.
        command: that led to it; may be empty.
        written: date and time; may be empty.
        cautions: what to know before believing the numbers.
        rows: sections from the top; those of one row are side by side if the window is wide enough.
        meanings: what metrics named in it are, by name.
    """

    kind: str
    title: str
    command: str
    written: str
    cautions: Sequence[Caution]
    rows: Sequence[Sequence[Section]]
    meanings: Mapping[str, str] = MappingProxyType({})


def markdown(document: Document) -> str:
    """``document`` as Markdown."""
    parts = [f"# {escaped(document.title)}", f"```\n{document.command}\n```" if document.command else ""]
    for text, names in document.cautions:
        parts.append(f"> {escaped(text)}" + (f" {'; '.join(map(escaped, names))}." if names else ""))
    for section in (section for row in document.rows for section in row):
        parts.append(f"## {escaped(section.title)}" if section.title else "")
        parts += map(_block, section.blocks)
    return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """``text`` on one line, without characters that Markdown or HTML would interpret."""
    for sign in "\\`*_|[]":
        text = text.replace(sign, "\\" + sign)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ")


def _block(block: Block) -> str:
    match block:
        case Text(text, lead):
            return f"**{escaped(lead)}.** {escaped(text)}" if lead else escaped(text)
        case Code(text):
            return f"```\n{text}\n```"
        case Facts(items):
            shown = [
                (label, f"`{value}`" if code else escaped(value)) for label, value, code in items if value
            ]
            return "\n".join(f"- {escaped(label)}: {value}" for label, value in shown)
        case Headline(name, value, around, source):
            return f"{escaped(name)} **{value}**{f' ± {around}' if around else ''}, {escaped(source)}"
        case Cards(cards):
            return "\n\n".join(map(_card, cards))
        case Figure(file, title, note):
            return f"{escaped(note)}\n\n![{escaped(title)}]({file})"
        case Table():
            return _table(block)


def _card(card: Card) -> str:
    points = "\n".join(f"- {escaped(point)}" for point in card.points)
    return f"**{escaped(card.label)}: {escaped(card.title)}.** {escaped(card.why)}\n\n{points}"


def _table(table: Table) -> str:
    rules = ["---" if table.is_words(place) else "---:" for place in range(len(table.heads))]
    cells = [map(escaped, table.heads), rules, *(map(escaped, row) for row in table.rows)]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in cells) if table.rows else ""
    return f"{lines}\n\n{escaped(table.hint)}".strip()
