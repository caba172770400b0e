"""Sets for classification that torchvision downloads and checks, as retrieval: one reader, an entry each.

| protocol | train | queries against gallery |
| --- | --- | --- |
| published | the published training part | each test picture against all other test pictures |
| against_train | the same | test pictures against all training pictures, learned from or not |
| disjoint | all pictures of the first half of the classes | each picture of the others against all others |

``disjoint`` is the protocol of CUB and Cars (arXiv 1511.06452), classes in the published order. Omniglot's
parts have disjoint classes as published.
"""

import hashlib
import tarfile
import zipfile
from collections.abc import Sequence

import numpy as np
import pandas as pd

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.catalogue.splits import carve, is_disjoint
from vsr.data.named_pictures import NamedPictures
from vsr.data.readers.listing import as_published
from vsr.data.readers.source import root_folder
from vsr.data.readers.torchvision_parts import SETS, Part
from vsr.errors import ConfigError, DataError, nearest

# What torchvision raises on files that are missing, damaged or cannot be downloaded.
DAMAGE = (
    RuntimeError, OSError, EOFError, ValueError, KeyError, IndexError, AssertionError, tarfile.TarError,
    zipfile.BadZipFile,
)  # fmt: skip


class TorchvisionSet:
    """Reads one of torchvision's sets as a catalogue. Small pictures are kept as pixels in memory.

    Where the classes of test are not trained on, val is made of whole classes held out of train; else it is
    the published val part, or pictures held out of every class.

    Args:
        name: cifar10, cifar100, fashion_mnist, omniglot, flowers102, oxford_pet or food101.
        root: folder that torchvision keeps the set in.
        download: let torchvision download what is missing there, and check it.
        protocol: published, against_train or disjoint; None: the set's own, the first of `SETS`.
        gains: relevance of sharing each level, fine to coarse; None: 2^n - 1 counted from the coarsest.
        val_fraction: share of train held out as val.
        seed: of what is held out.
        image_size: stored for who reads the configuration; the transforms resize.
        on_missing: `vsr.data.named_pictures.NamedPictures`.

    Raises:
        ConfigError: no root, an unknown name or protocol, or a share outside 0..1.
    """

    def __init__(
        self,
        name: str,
        root: str | None = None,
        download: bool = False,
        protocol: str | None = None,
        gains: Sequence[float] | None = None,
        val_fraction: float = 0.1,
        seed: int = 0,
        image_size: int = 224,
        on_missing: str = "stop",
    ) -> None:
        if name not in SETS:
            raise ConfigError(f"data.name: there is no '{name}'{nearest(name, SETS)}")
        known = SETS[name].protocols
        if protocol is not None and protocol not in known:
            raise ConfigError(f"data.protocol: {name} has no '{protocol}'{nearest(protocol, known)}")
        if not 0 <= val_fraction < 1:
            raise ConfigError(f"data.val_fraction must be >= 0 and < 1, got {val_fraction}")
        self.name = name
        self.root = root_folder(root, name)
        self.download = download
        self.protocol = protocol or known[0]
        self.gains = tuple(gains or ())
        self.val_fraction = val_fraction
        self.seed = seed
        self.image_size = image_size
        self.on_missing = on_missing

    def read(self) -> Catalogue:
        """The catalogue: the parts in the order train, val, test, each as torchvision has it.

        Raises:
            DataError: the set is not whole in ``root``, or the download failed.
        """
        published = SETS[self.name]
        try:
            parts, classes = published.read(self.root, self.download)
        except DataError:
            raise
        except DAMAGE as error:
            reason = " ".join(str(error).split()).partition(" You can use download")[0].rstrip(".")
            reason = reason or type(error).__name__
            mend = "try again" if self.download else "give data.download=true"
            raise DataError(
                f"data.root: {self.root} holds no whole {self.name} ({reason}); {mend}, or "
                f"get it from {published.page} and unpack it as {self.root / published.folder}"
            ) from error
        found = {f"{part} pictures": len(one.images) for part, one in parts.items()}
        wanted = {f"{part} pictures": number for part, number in published.counts.items()}
        protocol = as_published(f"{self.name}/{self.protocol}/v1", found, wanted)
        table, pixels = _joined(parts)
        pictures = NamedPictures(self.on_missing)
        if pixels is None:
            pictures.look(pd.Series(table["image"]), self.root, self.name, published.page)
        levels = tuple(parts["train"].labels)
        table["split"], table["role"] = self._splits(table, levels[0], classes), "both"
        if self.protocol == "against_train":
            table = _against_train(table)
        root = self.root if pixels is None else None
        table = table.drop(columns="part")
        return pictures.there(Catalogue(table, levels, protocol, root, pixels, self.gains))

    def _splits(self, table: pd.DataFrame, level: str, classes: Sequence[str]) -> np.ndarray:
        """Split (n,) of each picture, with val held out of train."""
        labels = table[level].tolist()
        if self.protocol == "disjoint":
            known = set(labels)
            found = [one for one in classes if one in known]
            split = np.where(table[level].isin(found[: len(found) // 2]), "train", "test")
        else:
            split = table["part"].to_numpy(dtype=str)
        if "val" in split or not self.val_fraction:
            return split
        if is_disjoint(labels, split):
            return carve(labels, split, (1 - self.val_fraction, self.val_fraction, 0), self.seed)
        return _hold_out(table.assign(split=split), level, self.val_fraction, self.seed)


def _joined(parts: dict[str, Part]) -> tuple[pd.DataFrame, np.ndarray | None]:
    """One table of the parts, with a column ``part``; and their pixels, where they have such."""
    tables, pixels = [], []
    for name, part in parts.items():
        start = sum(map(len, pixels))
        if isinstance(part.images, np.ndarray):
            images = list(range(start, start + len(part.images)))
            items = [f"{name}/{number:05d}" for number in range(len(images))]
            pixels.append(part.images)
        else:
            images = items = part.images
        tables.append(pd.DataFrame({"item": items, "image": images, "part": name, **part.labels}))
    return pd.concat(tables, ignore_index=True), np.concatenate(pixels) if pixels else None


def _hold_out(table: pd.DataFrame, level: str, share: float, seed: int) -> np.ndarray:
    """Split (n,) with a share of the training pictures of every label in val, by their items and ``seed``."""
    split = table["split"].to_numpy(dtype="U5", copy=True)
    train = np.flatnonzero(split == "train")
    labels, items = table[level].to_numpy()[train], table["item"].to_numpy()[train]
    order = np.argsort([hashlib.sha256(f"{seed}/{item}".encode()).hexdigest() for item in items])
    for label in dict.fromkeys(labels):
        of_label = train[order[labels[order] == label]]
        split[of_label[: round(share * len(of_label))]] = "val"
    return split


def _against_train(table: pd.DataFrame) -> pd.DataFrame:
    """Test pictures as queries, and every picture that is not of the test part once more as their gallery."""
    table = table.assign(role=np.where(table["split"] == "test", "query", "both"))
    gallery = table[table["part"] != "test"]
    again = gallery.assign(item="gallery/" + gallery["item"], split="test", role="gallery")
    return pd.concat([table, again], ignore_index=True)
