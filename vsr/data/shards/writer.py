"""Catalogues to tar shards, in the layout of WebDataset."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from rich.console import Console
from rich.progress import track

from vsr.data.catalogue.catalogue import BOX, SPLITS, Catalogue
from vsr.data.catalogue.walk import SUFFIXES
from vsr.data.pictures.decode import DAMAGE, CataloguePictures
from vsr.data.samplers.label_groups import draw_groups
from vsr.data.shards.remote import INDEX, TABLE
from vsr.data.shards.shard_table import table_of
from vsr.errors import ConfigError, DataError
from vsr.files import write_json, written_whole


def write_shards(
    catalogue: Catalogue, folder: str | Path, per_shard: int = 2000, together: int = 4, seed: int = 0
) -> list[Path]:
    """Write the pictures of ``catalogue`` as shards ``train-000000.tar``, …, each whole or not there.

    Files are copied byte by byte; pictures in an array become PNGs. Beside each stands a ``.json`` with item,
    labels, split, role and box. The order is random, so that a few shards are a sample of all; up to
    ``together`` pictures of a label follow each other, so that a few shards hold positives. Writing again
    into the same folder goes on where it was stopped: shards that are there are kept. Last comes an index of
    what lies where, so that the folder can be put on a server and read from there without reading all first.

    Args:
        catalogue: what to write.
        folder: made when it is not there.
        per_shard: pictures, >= 1; WebDataset's advice is 0.1 to 1 GB a shard.
        together: pictures of a label that follow each other, >= 1.
        seed: of the order.

    Returns:
        The shards, in order.

    Raises:
        ConfigError: ``per_shard`` or ``together`` < 1.
        DataError: the folder holds shards of other pictures, or a picture cannot be read.
    """
    for name, value in (("per_shard", per_shard), ("together", together)):
        if value < 1:
            raise ConfigError(f"{name} must be >= 1, got {value}")
    folder, files = Path(folder), CataloguePictures(catalogue)
    plan = _plan(catalogue, per_shard, together, seed)
    _agree(folder, catalogue, [per_shard, together, seed])
    columns = _columns(catalogue)
    console = Console(stderr=True)
    hidden = not console.is_terminal
    for name, rows in track(plan.items(), "writing shards", console=console, transient=True, disable=hidden):
        if not (folder / name).exists():
            with written_whole(folder / name) as aside:
                _write(aside, rows, files, columns)
    _write_index(folder, list(plan), catalogue.levels)
    return [folder / name for name in plan]


def _write_index(folder: Path, names: list[str], levels: tuple[str, ...]) -> None:
    noted = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    if "shards" in noted and (folder / TABLE).exists():
        return
    tables = [table_of(folder / name, levels).assign(shard=name) for name in names]
    with written_whole(folder / TABLE) as aside:
        pd.concat(tables, ignore_index=True).to_parquet(aside, index=False)
    sizes = {name: (folder / name).stat().st_size for name in names}
    write_json(folder / INDEX, {**noted, "levels": list(levels), "shards": sizes})


def _plan(catalogue: Catalogue, per_shard: int, together: int, seed: int) -> dict[str, np.ndarray]:
    """Rows of each shard."""
    plan = {}
    for split in SPLITS:
        rows = catalogue.rows(split)
        generator = torch.Generator().manual_seed(seed)
        groups = draw_all(catalogue.codes[rows, 0], together, generator)
        for number, first in enumerate(range(0, len(rows), per_shard)):
            plan[f"{split}-{number:06d}.tar"] = rows[groups[first : first + per_shard]]
    return plan


def draw_all(labels: np.ndarray, together: int, generator: torch.Generator) -> np.ndarray:
    """Every one of ``labels`` (n,) once, in random order but for up to ``together`` of a label in a row."""
    if not len(labels):
        return np.empty(0, dtype=np.int64)
    whole = draw_groups(labels, together, generator)  # leaves out what makes no whole group
    rest = np.setdiff1d(np.arange(len(labels)), whole[whole >= 0])
    rest = rest[np.argsort(labels[rest], kind="stable")]
    starts = np.flatnonzero(np.diff(labels[rest])) + 1  # where another label begins
    groups = [group[group >= 0] for group in whole]
    groups += [group for group in np.split(rest, starts) if len(group)]
    order = torch.randperm(len(groups), generator=generator).tolist()
    return np.concatenate([groups[number] for number in order])


def _agree(folder: Path, catalogue: Catalogue, settings: list[int]) -> None:
    """Note what is written, or refuse when the folder holds something else."""
    mark = hashlib.sha256(repr((catalogue.fingerprint, settings)).encode()).hexdigest()[:16]
    path = folder / INDEX
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")).get("mark") != mark:
            raise DataError(f"{folder} holds shards of other pictures or settings; give an empty folder")
        return
    if any(folder.glob("*.tar")):
        raise DataError(f"{folder} holds tar files of something else; give an empty folder")
    write_json(path, {"mark": mark, "pictures": len(catalogue), "protocol": catalogue.protocol})


def _columns(catalogue: Catalogue) -> dict[str, np.ndarray]:
    """What is told of each row, by name."""
    names = [*catalogue.levels, "item", "split", "role", *(c for c in BOX if c in catalogue.table.columns)]
    return {name: catalogue.table[name].to_numpy(dtype=object) for name in names}


def _write(path: Path, rows: np.ndarray, files: CataloguePictures, columns: dict[str, np.ndarray]) -> None:
    """One shard; the same bytes every time."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for row in rows.tolist():
            content, suffix = _content(files, row)
            facts = {name: values[row] for name, values in columns.items()}
            boxless = {name: str(value) for name, value in facts.items() if name not in BOX}
            box = {name: float(facts[name]) for name in BOX if name in facts and np.isfinite(facts[name])}
            levels = [name for name in columns if name not in ("item", "split", "role", *BOX)]
            text = json.dumps({"levels": levels, **boxless, **box}, ensure_ascii=False)
            for extension, part in ((suffix, content), ("json", text.encode())):
                entry = tarfile.TarInfo(f"{row:09d}.{extension}")
                entry.size = len(part)
                tar.addfile(entry, io.BytesIO(part))


def _content(files: CataloguePictures, row: int) -> tuple[bytes, str]:
    """The bytes of a picture as a file, and the extension that tells its kind."""
    if files.pixels is not None:
        file = io.BytesIO()
        Image.fromarray(np.asarray(files.pixels[int(files.images[row])])).save(
            file, "PNG"
        )  # not cut to its box
        return file.getvalue(), "png"
    name = str(files.images[row]).lower()
    try:
        content = files.content(row)
        suffix = next((one for one in SUFFIXES if name.endswith(one)), None)
        if suffix is None:
            with Image.open(io.BytesIO(content)) as image:
                suffix = f".{image.format}".lower()
    except DAMAGE as error:
        raise DataError(f"picture {files.name(row)} (row {row}) cannot be read: {error}") from error
    return content, suffix.lstrip(".")
