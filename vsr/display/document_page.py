"""A document written as an HTML page and as Markdown, its figures beside them."""

from pathlib import Path

from vsr.display.document import Document, Figure
from vsr.display.encoding import picture_uri
from vsr.display.page import write_page
from vsr.display.style import save_figure
from vsr.files import write_text


def write_document(document: Document, page: Path, markdown: Path) -> Path:
    """Write ``document``, its figures first; the path of the page, which holds copies of them."""
    for block in document.blocks():
        if isinstance(block, Figure):
            save_figure(block.drawing, page.parent / block.file)
    write_text(markdown, document.markdown())
    return write_page(
        page,
        "document.html.j2",
        document=document,
        meanings=document.meanings,
        source=lambda figure: picture_uri(page.parent / figure.file),
    )
