"""A document written as an HTML page and as Markdown, its figures beside them."""

from pathlib import Path

from vsr.display.document import Document, Figure, markdown
from vsr.display.encoding import picture_uri
from vsr.display.page import write_page
from vsr.display.style import save_figure
from vsr.files import write_text


def write_document(document: Document, page: Path, text: Path) -> Path:
    """Write ``document`` to ``page`` and as Markdown to ``text``, its figures first; the path of the page."""
    for block in (block for row in document.rows for section in row for block in section.blocks):
        if isinstance(block, Figure):
            save_figure(block.drawing, page.parent / block.file)
    write_text(text, markdown(document))
    return write_page(
        page,
        "document.html.j2",
        document=document,
        meanings=document.meanings,
        kind=lambda block: type(block).__name__.lower(),
        source=lambda figure: picture_uri(page.parent / figure.file),
    )
