"""The tables of a comparison of index methods: the best settings, the cost of building, every setting."""

from vsr.ann.ledger import Row
from vsr.display.document import Fact, Section, Table
from vsr.display.formats import ABSENT, count, duration, is_number, signed, significant, three
from vsr.reports.ann.comparison_json import Measurements
from vsr.reports.ann.setting_choice import best_at, memory, per_million, shown

_COSTS = ("build_s", "build_cpu_s", "peak_mib", "memory_mib", "index_mib", "disk_mib")


def best_settings(found: Measurements, level: float) -> Section:
    """The fastest setting of each index method that reaches a recall of ``level``."""
    recall, task = found.recall, found.task
    heads = ["index", "setting", recall, "queries/s, one core", "min – max", "all cores"]
    heads += ["p50 ms", "p99 ms", "MiB", "CPU-s / M queries"]
    heads += [f"{task} lost ± 95%"] if task else []
    rows, short = [], []
    for backend in found.backends:
        settings = found.of(backend["name"])
        best = best_at(settings, recall, level)
        if best is not None:
            rows.append((best["qps_1"], _cells(found, backend, best)))
        elif (top := shown(settings, recall, level)) is not None:
            short.append(f"{backend['name']} {three(top[recall])}")
    rows.sort(key=lambda one: -one[0])
    hint = f"Below {level:.2f} at every setting measured: {', '.join(short)}." if short else ""
    table = Table(heads, [cells for _, cells in rows], hint if rows else "")
    return Section(f"Best setting at {recall} ≥ {level:.2f}", [table])


def _cells(found: Measurements, backend: Row, row: Row) -> list[str]:
    cells = [
        backend["name"],
        row["setting"],
        three(row[found.recall]),
        significant(row["qps_1"]),
        f"{significant(row['qps_1_min'])} – {significant(row['qps_1_max'])}",
        *(significant(row[key]) for key in ("qps_all", "p50_ms", "p99_ms")),
        significant(memory(backend)),
        significant(row["cpu_s_per_million"]),
    ]
    return [*cells, _lost(row, found.task)] if found.task else cells


def _lost(row: Row, task: str) -> str:
    loss, around = row.get(f"{task}_loss"), row.get(f"{task}_loss_ci")
    return f"{signed(loss)} ± {three(around)}" if is_number(around) else signed(loss)


def building(found: Measurements) -> Section:
    """Time, memory and disk space of every index method."""
    heads = ["index", "built with", "build s", "CPU-s", "peak MiB", "after MiB", "index MiB", "disk MiB"]
    heads += ["GiB / M pictures", "status"]
    rows = [
        [
            row["name"],
            ", ".join(f"{key}={value}" for key, value in (row.get("built_with") or {}).items()) or ABSENT,
            *(significant(row.get(key)) for key in _COSTS),
            significant(per_million(memory(row), found.n) / 1024),
            row.get("reason") or row["status"],
        ]
        for row in found.backends
    ]
    hint = (
        "Peak and after: growth of the process, without memory-mapped files; index: size by the library's "
        "count; disk: size of the saved file."
    )
    return Section("Building, memory and disk", [Table(heads, rows, hint, ends_in_words=True)])


def every_setting(found: Measurements) -> Section:
    """All settings, folded."""
    recalls = [key for key in (found.settings[0] if found.settings else {}) if key.startswith("recall@")]
    tasks = list(found.about["exact"])
    heads = ["index", "setting", *recalls, "queries/s, one core", "all cores", "p50 ms", "p95 ms", "p99 ms"]
    heads += [text for task in tasks for text in (task, f"{task} lost")]
    rows = [
        [
            row["backend"],
            row["setting"],
            *(three(row[key]) for key in recalls),
            *(significant(row[key]) for key in ("qps_1", "qps_all", "p50_ms", "p95_ms", "p99_ms")),
            *(text for task in tasks for text in (three(row.get(task)), _lost(row, task))),
        ]
        for row in found.settings
    ]
    return Section("", [Table(heads, rows, folded=f"Every setting ({len(rows)})")])


def facts(about: Row) -> list[Fact]:
    """What was measured, how, and on what machine."""
    how, machine, vectors, git = about["how"], about["machine"], about["vectors"], about.get("git")
    measured = (
        f"{how['repeats']} repeats of about {how['seconds']} s each; queries/s in batches, k = {how['k']}; "
        "on one core: per second of processor time, one thread; latency: one query at a time, one thread"
    )
    versions = " · ".join(f"{name} {one}" for name, one in about.get("versions", {}).items())
    return [
        ("vectors", f"{count(vectors['n'])} × {vectors['width']}, {how['metric']}", False),
        ("source", _source(vectors["source"]), False),
        ("queries", count(vectors["queries"]), False),
        ("exact search", " · ".join(f"{name} {three(one)}" for name, one in about["exact"].items()), False),
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


def _source(source: Row) -> str:
    """The vectors' source, without the values that only tell one version of a file from the next."""
    known = {
        key: value[0] if isinstance(value, list) else value
        for key, value in source.items()
        if value is not None and key not in ("kind", "written")
    }
    return " · ".join([str(source.get("kind", "")), *(f"{key} {value}" for key, value in known.items())])


def _limits(limits: Row) -> str:
    memory = limits.get("memory_gib")
    gib = f"{memory} GiB" if memory else "nine tenths of the free memory"
    return f"{gib}, {limits.get('minutes')} minutes a backend"
