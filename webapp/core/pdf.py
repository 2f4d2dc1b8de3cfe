"""A PDF with a font for every language and mark in use, written line by line."""

from __future__ import annotations

from datetime import datetime
from importlib.util import find_spec
from pathlib import Path

from fpdf import FPDF

FONT = "DejaVu"


class Document(FPDF):
    """One page to begin with. made_at goes into the file, so the same content gives the same bytes."""

    def __init__(self, *, title: str, made_at: datetime, language: str = "en") -> None:
        super().__init__()
        self.set_creation_date(made_at)
        self.set_lang(language)
        self.set_title(title)
        for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
            self.add_font(FONT, style, _fonts() / name)
        self.add_page()

    def line_of(self, text: str, *, size: int = 11, bold: bool = False) -> None:
        """Write text over the whole width, in as many lines as it takes."""
        self.set_font(FONT, "B" if bold else "", size)
        self.multi_cell(0, None, text, new_x="LMARGIN", new_y="NEXT")

    def keep_room(self, height_mm: float) -> None:
        """Go to the next page where less than this is left."""
        if self.will_page_break(height_mm):
            self.add_page()


def _fonts() -> Path:
    """Return the folder of the fonts that come with matplotlib, without importing it."""
    spec = find_spec("matplotlib")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
