"""The modules that the terminal and a sweep's driver need at start-up do not load drawing libraries."""

import subprocess
import sys

LIGHT = [
    *(f"vsr.display.{name}" for name in ("console", "trial_line", "formats", "tables", "document")),
    "vsr.reports.sweep.sweep_records",
    "vsr.reports.ann.advice",
]


def test_light_modules_load_neither_matplotlib_nor_jinja():
    code = f"import sys, {', '.join(LIGHT)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(LIGHT) <= set(loaded.split())
    assert not {"matplotlib", "jinja2", "torch"} & set(loaded.split())
