"""The report's content, the same for Markdown and HTML: sentences, figures, tables of text."""

from dataclasses import dataclass, field
from typing import Any

from vsr.display.formats import ABSENT, count, duration, is_number, signed, significant, three
from vsr.display.markdown import Table
from vsr.reports.ann.choice import LEVELS, best_at, memory, per_million, shown
from vsr.reports.ann.files import Comparison, Row
from vsr.reports.ann.words import Advice, advice, warnings


@dataclass
class Document:
    """All that a report says but its figures."""

    title: str
    command: str
    advice: list[Advice]
    warnings: list[dict[str, Any]]
    tables: list[Table]
    facts: list[tuple[str, str, bool]] = field(default_factory=list)


def document(found: Comparison) -> Document:
    """What the report of ``found`` says."""
    about = found.about
    vectors = about["vectors"]
    title = f"{count(vectors['n'])} × {vectors['width']} vectors, {len(found.backends)} index methods"
    tables = [_at_level(found, level) for level in LEVELS]
    tables += [_built(found), _every(found)]
    return Document(title, about.get("command", ""), advice(found), warnings(found), tables, facts(about))


def _at_level(found: Comparison, level: float) -> Table:
    recall, task = found.recall, found.task
    heads = ["index", "setting", recall, "queries/s, one core", "min – max", "all cores"]
    heads += ["p50 ms", "p99 ms", "MiB", "CPU-s / M queries"]
    heads += [f"{task} lost ± 95 %"] if task else []
    rows, short = [], []
    for backend in found.backends:
        settings = found.of(backend["name"])
        best = best_at(settings, recall, level)
        if best is not None:
            rows.append((best["qps_1"], _cells(found, backend, best)))
        elif settings:
            top = shown(settings, recall, 2.0)
            assert top is not None
            short.append(f"{backend['name']} {three(top[recall])}")
    rows.sort(key=lambda one: -one[0])
    hint = f"Below {level:.2f} at any setting measured: {', '.join(short)}." if short else ""
    return Table(f"Best setting at {recall} ≥ {level:.2f}", heads, [cells for _, cells in rows], hint)


def _cells(found: Comparison, backend: Row, row: Row) -> list[str]:
    cells = [
        backend["name"],
        row["setting"],
        three(row[found.recall]),
        significant(row["qps_1"]),
        f"{significant(row['qps_1_min'])} – {significant(row['qps_1_max'])}",
        significant(row["qps_all"]),
        significant(row["p50_ms"]),
        significant(row["p99_ms"]),
        significant(memory(backend)),
        significant(row["cpu_s_per_million"]),
    ]
    return [*cells, _lost(row, found.task)] if found.task else cells


def _lost(row: Row, task: str) -> str:
    loss, around = row.get(f"{task}_loss"), row.get(f"{task}_loss_ci")
    return f"{signed(loss)} ± {three(around)}" if is_number(around) else signed(loss)


def _built(found: Comparison) -> Table:
    heads = ["index", "built with", "build s", "CPU-s", "peak MiB", "after MiB", "index MiB", "disk MiB"]
    heads += ["GiB / M pictures", "status"]
    rows = []
    for row in found.backends:
        knobs = row.get("built_with") or {}
        cells = [row["name"], ", ".join(f"{key}={value}" for key, value in knobs.items()) or ABSENT]
        keys = ("build_s", "build_cpu_s", "peak_mib", "memory_mib", "index_mib", "disk_mib")
        cells += [significant(row.get(key)) for key in keys]
        cells += [significant(per_million(memory(row), found.n) / 1024), row.get("reason") or row["status"]]
        rows.append(cells)
    hint = (
        "Peak and after: by how much the process grew, files it maps left out; index: what the library says "
        "that it holds; disk: the saved file."
    )
    return Table("Building, memory and disk", heads, rows, hint)


def _every(found: Comparison) -> Table:
    recalls = [key for key in (found.settings[0] if found.settings else {}) if key.startswith("recall@")]
    tasks = list(found.about["exact"])
    heads = ["index", "setting", *recalls, "queries/s, one core", "all cores", "p50 ms", "p95 ms", "p99 ms"]
    heads += [text for task in tasks for text in (task, f"{task} lost")]
    rows = []
    for row in found.settings:
        cells = [row["backend"], row["setting"], *(three(row[key]) for key in recalls)]
        keys = ("qps_1", "qps_all", "p50_ms", "p95_ms", "p99_ms")
        cells += [significant(row[key]) for key in keys]
        cells += [text for task in tasks for text in (three(row.get(task)), _lost(row, task))]
        rows.append(cells)
    return Table(f"Every setting ({len(rows)})", heads, rows, folded=True)


def facts(about: Row) -> list[tuple[str, str, bool]]:
    """What was measured, how, and on what: a label, a value, whether it is to be typed as it stands."""
    how, machine, vectors = about["how"], about["machine"], about["vectors"]
    exact = " · ".join(f"{name} {three(value)}" for name, value in about["exact"].items())
    measured = (
        f"{how['repeats']} repeats of about {how['seconds']} s each; batches for queries/s, k = {how['k']}; "
        "those of one core per processor second with one thread; latency one query at a time, one thread"
    )
    versions = " · ".join(f"{name} {one}" for name, one in about.get("versions", {}).items())
    git = about.get("git")
    listed = [
        ("vectors", f"{count(vectors['n'])} × {vectors['width']}, {how['metric']}", False),
        ("source", _source(vectors["source"]), False),
        ("queries", count(vectors["queries"]), False),
        ("exact search", exact, False),
        ("measured", measured, False),
        ("threads", f"1, and {how['threads']} for all cores and building", False),
        ("limits", _limits(about.get("limits", {})), False),
        ("machine", f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB", False),
        ("system", machine["system"], False),
        ("versions", versions, False),
        ("commit", f"{git['commit'][:12]}{' with changes' if git['dirty'] else ''}" if git else "", True),
        ("fingerprint", vectors["fingerprint"], True),
        ("took", duration(about["seconds"]), False),
        ("command", about.get("command", ""), True),
    ]
    return [(label, value, typed) for label, value, typed in listed if value]


def _source(source: Row) -> str:
    """What the vectors are, without what only tells a file from its next version."""
    known = {
        key: value for key, value in source.items() if value is not None and key not in ("kind", "written")
    }
    files = {key: value[0] if isinstance(value, list) else value for key, value in known.items()}
    return " · ".join([str(source.get("kind", "")), *(f"{key} {value}" for key, value in files.items())])


def _limits(limits: Row) -> str:
    memory = limits.get("memory_gib")
    gib = f"{memory} GiB" if memory else "nine tenths of the free memory"
    return f"{gib}, {limits.get('minutes')} minutes a backend"
