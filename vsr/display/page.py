"""Self-contained HTML pages: one file that a browser shows without asking anything of any network."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vsr.display.formats import (
    count,
    duration,
    interval,
    is_number,
    measured,
    p_value,
    signed,
    signed_interval,
    small,
    three,
)
from vsr.files import write_text


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("vsr.display"),
        autoescape=True,  # captions, names and configurations may hold anything
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        measured=measured,
        three=three,
        signed=signed,
        count=count,
        duration=duration,
        small=small,
    )
    environment.filters.update(interval=interval, signed_interval=signed_interval, p_value=p_value)
    environment.tests["a_number"] = is_number
    return environment


def render(template: str, **context: Any) -> str:
    """The HTML of a template of ``vsr/display/templates``; all values are escaped."""
    return _environment().get_template(template).render(**context)


def write_page(path: str | Path, template: str, **context: Any) -> Path:
    """Write a page to ``path``, whole or not at all."""
    write_text(path, render(template, **context))
    return Path(path)
