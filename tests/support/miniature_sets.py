"""Miniatures of torchvision's sets in their published layout, written by hand."""

import json
import pickle
import struct
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

COLORS = np.random.default_rng(0).integers(40, 216, size=(12, 3))


def pixels(label: int, number: int, side: int) -> np.ndarray:
    """A picture (side, side, 3) of its label's color; its first pixel tells its number."""
    made = np.broadcast_to(COLORS[label], (side, side, 3)).astype(np.uint8)
    made[0, 0] = number
    return made


def photo(path: Path, label: int, size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, tuple(COLORS[label].tolist())).save(path)


def batch(path: Path, colors: list[int], **columns: list[int]) -> None:
    """A batch of CIFAR: rows of 1,024 reds, then greens, then blues."""
    data = [pixels(label, number, 32).transpose(2, 0, 1).ravel() for number, label in enumerate(colors)]
    path.write_bytes(pickle.dumps({"data": np.array(data, np.uint8), **columns}, 2))


def cifar10(root: Path) -> None:
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    labels = [label for label in range(10) for _ in range(2)]
    for number in range(1, 6):
        batch(folder / f"data_batch_{number}", labels, labels=labels)
    batch(folder / "test_batch", labels, labels=labels)
    (folder / "batches.meta").write_bytes(
        pickle.dumps({"label_names": [f"class{one}" for one in range(10)]}, 2)
    )


def cifar100(root: Path) -> None:
    """10 classes in 3 categories."""
    folder = root / "cifar-100-python"
    folder.mkdir(parents=True)
    for name, each in (("train", 5), ("test", 2)):
        labels = [label for label in range(10) for _ in range(each)]
        batch(folder / name, labels, fine_labels=labels, coarse_labels=[label % 3 for label in labels])
    meta = {"fine_label_names": [f"class{one}" for one in range(10)], "coarse_label_names": ["a", "b", "c"]}
    (folder / "meta").write_bytes(pickle.dumps(meta, 2))


def fashion_mnist(root: Path) -> None:
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    for name, each in (("train", 10), ("t10k", 2)):
        labels = np.repeat(np.arange(10, dtype=np.uint8), each)
        gray = np.stack([np.full((28, 28), 20 * label + 5, np.uint8) for label in labels])
        header = struct.pack(">IIII", 0x803, *gray.shape)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(header + gray.tobytes())
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">II", 0x801, len(labels)) + labels.tobytes()
        )


def omniglot(root: Path) -> None:
    for part, alphabets, characters in (("images_background", "ABC", 4), ("images_evaluation", "DE", 3)):
        for alphabet in alphabets:
            for character in range(1, characters + 1):
                for drawer in range(1, 5):
                    name = f"{alphabet}/character{character:02d}/{character:04d}_{drawer:02d}.png"
                    path = root / "omniglot-py" / part / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    Image.new("1", (105, 105), 1).save(path)
        (root / "omniglot-py" / f"{part}.zip").write_bytes(b"")


def flowers102(root: Path) -> None:
    """8 kinds: 2 pictures of each in train and in val, 3 in test; numbers from 1 on."""
    folder = root / "flowers-102"
    labels = np.tile(np.arange(1, 9), 7)
    numbers = np.arange(1, len(labels) + 1)
    for number, label in zip(numbers, labels, strict=True):
        photo(folder / "jpg" / f"image_{number:05d}.jpg", label)
    savemat(folder / "imagelabels.mat", {"labels": labels[None]})
    parts = {"trnid": numbers[:16], "valid": numbers[16:32], "tstid": numbers[32:]}
    savemat(folder / "setid.mat", {name: one[None] for name, one in parts.items()})


def oxford_pet(root: Path) -> None:
    breeds = ["Abyssinian", "american_bulldog", "Bengal", "boxer", "chihuahua", "Persian", "pug", "Sphynx"]
    folder = root / "oxford-iiit-pet"
    lines = {"trainval": [], "test": []}
    for label, breed in enumerate(breeds):
        for number in range(7):
            photo(folder / "images" / f"{breed}_{number}.jpg", label)
            part = "trainval" if number < 5 else "test"
            lines[part].append(f"{breed}_{number} {label + 1} {1 if breed[0].isupper() else 2} 1\n")
    (folder / "annotations").mkdir()
    for part, listed in lines.items():
        (folder / "annotations" / f"{part}.txt").write_text("".join(listed))


def food101(root: Path) -> None:
    folder = root / "food-101"
    dishes = ["apple_pie", "baklava", "churros", "donuts", "edamame", "falafel", "gnocchi", "hummus"]
    for label, dish in enumerate(dishes):
        for number in range(8):
            photo(folder / "images" / dish / f"{number}.jpg", label)
    (folder / "meta").mkdir()
    for part, numbers in (("train", range(6)), ("test", range(6, 8))):
        listed = {dish: [f"{dish}/{number}" for number in numbers] for dish in dishes}
        (folder / "meta" / f"{part}.json").write_text(json.dumps(listed))


WRITERS = {
    one.__name__: one for one in (cifar10, cifar100, fashion_mnist, omniglot, flowers102, oxford_pet, food101)
}
# Pictures of train, val and test, classes, and levels of each miniature.
MINIATURES = {
    "cifar10": ({"train": 100, "test": 20}, 10, ("label",)),
    "cifar100": ({"train": 50, "test": 20}, 10, ("label", "category")),
    "fashion_mnist": ({"train": 100, "test": 20}, 10, ("label",)),
    "omniglot": ({"train": 48, "test": 24}, 18, ("character", "alphabet")),
    "flowers102": ({"train": 16, "val": 16, "test": 24}, 8, ("flower",)),
    "oxford_pet": ({"train": 40, "test": 16}, 8, ("breed", "species")),
    "food101": ({"train": 48, "test": 16}, 8, ("dish",)),
}
