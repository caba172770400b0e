"""The content of a report: sections of text, tables and figures, and the same content as Markdown.

`vsr.display.document_page` writes a document as an HTML page and a Markdown file.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:  # a document is put together where nothing is drawn, too
    from matplotlib.figure import Figure as Drawing

Fact = tuple[str, str, bool]  # label, value, and whether the value is code


class Block(Protocol):
    """A part of a section. ``kind`` names its macro in ``blocks.html.j2``."""

    @property
    def kind(self) -> str: ...  # noqa: D102

    def markdown(self) -> str:
        """The block as Markdown; empty when it has no content."""
        ...


class Text(NamedTuple):
    """A paragraph.

    Attributes:
        text: the paragraph.
        lead: a short sentence without its period, set off before ``text``.
        hint: set smaller.
    """

    text: str
    lead: str = ""
    hint: bool = False
    kind = "text"

    def markdown(self) -> str:
        """``**lead.** text``."""
        return f"**{escaped(self.lead)}.** {escaped(self.text)}" if self.lead else escaped(self.text)


class Code(NamedTuple):
    """A command line."""

    text: str
    kind = "code"

    def markdown(self) -> str:
        """A fenced block."""
        return f"```\n{self.text}\n```" if self.text else ""


class Facts(NamedTuple):
    """Labels and values; those without a value are left out."""

    items: Sequence[Fact]
    kind = "facts"

    def markdown(self) -> str:
        """A list."""
        return "\n".join(
            f"- {escaped(label)}: {f'`{value}`' if code else escaped(value)}"
            for label, value, code in self.items
            if value
        )


class Headline(NamedTuple):
    """One large number: its name, how uncertain it is, and what it was measured on."""

    name: str
    value: str
    around: str = ""
    source: str = ""
    kind = "headline"

    def markdown(self) -> str:
        """One line."""
        around = f" ± {self.around}" if self.around else ""
        return f"{escaped(self.name)} **{self.value}**{around}, {escaped(self.source)}"


class Card(NamedTuple):
    """A recommendation: what it is for, what is recommended, why, and what that does and costs."""

    label: str
    title: str
    why: str
    points: Sequence[str]


class Cards(NamedTuple):
    """Recommendations side by side."""

    cards: Sequence[Card]
    kind = "cards"

    def markdown(self) -> str:
        """A paragraph and a list each."""
        return "\n\n".join(
            "\n".join(
                [
                    f"**{escaped(one.label)}: {escaped(one.title)}.** {escaped(one.why)}\n",
                    *(f"- {escaped(point)}" for point in one.points),
                ]
            )
            for one in self.cards
        )


class Figure(NamedTuple):
    """A drawing.

    Attributes:
        file: where the picture goes, relative to the page.
        title: what it shows.
        note: how to read it.
        drawing: what is drawn.
    """

    file: str
    title: str
    note: str
    drawing: "Drawing"
    kind = "figure"

    def markdown(self) -> str:
        """The picture's file below the note."""
        return f"{escaped(self.note)}\n\n![{escaped(self.title)}]({self.file})"


class Table(NamedTuple):
    """A table of text.

    Attributes:
        heads: of the columns.
        rows: cells.
        hint: a note below the table.
        folded: a title; the table then opens on a click.
        words: columns from the left that are text; the others are numbers.
        ends_in_words: whether the last column is text, too.
        links: the page that the first cell of each row leads to; may be empty, one by one or all.
        looks: ``best`` or ``gone`` for rows that stand out or stand back; may be empty likewise.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    hint: str = ""
    folded: str = ""
    words: int = 2
    ends_in_words: bool = False
    links: Sequence[str] = ()
    looks: Sequence[str] = ()
    kind = "table"

    def is_words(self, column: int) -> bool:
        """Whether a column holds text, which is set to the left."""
        return column < self.words or (self.ends_in_words and column == len(self.heads) - 1)

    def markdown(self) -> str:
        """The table, its hint after it."""
        if not self.rows:
            return escaped(self.hint)
        rules = ["---" if self.is_words(place) else "---:" for place in range(len(self.heads))]
        cells = [map(escaped, self.heads), rules, *(map(escaped, row) for row in self.rows)]
        lines = "\n".join(f"| {' | '.join(row)} |" for row in cells)
        return f"{lines}\n\n{escaped(self.hint)}".rstrip()


class Caution(NamedTuple):
    """What a reader has to know before believing the numbers, and the names that it is about."""

    text: str
    names: Sequence[str] = ()

    def markdown(self) -> str:
        """A quoted paragraph."""
        names = f" {'; '.join(map(escaped, self.names))}." if self.names else ""
        return f"> {escaped(self.text)}{names}"


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
        rows: sections from the top; those of one row stand side by side where the window is wide.
        meanings: what metrics named in it are, by name.
    """

    kind: str
    title: str
    command: str
    written: str
    cautions: Sequence[Caution]
    rows: Sequence[Sequence[Section]]
    meanings: Mapping[str, str] = MappingProxyType({})

    def blocks(self) -> Iterator[Block]:
        """All blocks, from the top."""
        return (block for row in self.rows for section in row for block in section.blocks)

    def markdown(self) -> str:
        """The whole report."""
        parts = [f"# {escaped(self.title)}", Code(self.command).markdown()]
        parts += [caution.markdown() for caution in self.cautions]
        for section in (section for row in self.rows for section in row):
            parts += [f"## {escaped(section.title)}" if section.title else ""]
            parts += [block.markdown() for block in section.blocks]
        return "\n\n".join(part for part in parts if part) + "\n"


def escaped(text: str) -> str:
    """``text`` on one line, without characters that Markdown or HTML would interpret."""
    for sign in "\\`*_|[]":
        text = text.replace(sign, "\\" + sign)
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", " ").split(" "))
