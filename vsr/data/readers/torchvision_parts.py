"""The published parts of the sets that torchvision downloads and checks, with their labels."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torchvision import datasets

from vsr.data.readers.plain_pickle import read_plain_pickle


class Part(NamedTuple):
    """One published part of a set.

    Attributes:
        images: paths (n,) below the root, or pixels (n, H, W, 3) uint8.
        labels: label columns (n,), fine to coarse.
    """

    images: list[str] | np.ndarray
    labels: dict[str, list[str]]


class Published(NamedTuple):
    """A set as torchvision publishes it.

    Attributes:
        read: root and whether to download to the parts train and test, perhaps val, and the finest labels in
            the published order.
        counts: pictures of each part, as published.
        page: where the set is published.
        folder: below the root, that torchvision looks for the files in.
        protocols: what it may be measured by, the default first.
    """

    read: Callable[[Path, bool], tuple[dict[str, Part], list[str]]]
    counts: dict[str, int]
    page: str
    folder: str
    protocols: tuple[str, ...]


def cifar10(root: Path, download: bool) -> tuple[dict[str, Part], list[str]]:
    """CIFAR-10: 10 classes, 32 × 32."""
    parts, classes = {}, []
    for name in ("train", "test"):
        made = datasets.CIFAR10(root, train=name == "train", download=download)
        classes = list(made.classes)
        parts[name] = Part(made.data, {"label": _named(classes, made.targets)})
    return parts, classes


def cifar100(root: Path, download: bool) -> tuple[dict[str, Part], list[str]]:
    """CIFAR-100: 100 classes in 20 categories, which torchvision leaves in the files; 32 × 32."""
    parts, classes = {}, []
    for name in ("train", "test"):
        made = datasets.CIFAR100(root, train=name == "train", download=download)
        folder, classes = root / made.base_folder, list(made.classes)
        categories = read_plain_pickle(folder / "meta")["coarse_label_names"]
        coarse = read_plain_pickle(folder / name)["coarse_labels"]
        labels = {"label": _named(classes, made.targets), "category": _named(categories, coarse)}
        parts[name] = Part(made.data, labels)
    return parts, classes


def fashion_mnist(root: Path, download: bool) -> tuple[dict[str, Part], list[str]]:
    """Fashion-MNIST: 10 kinds of clothing, 28 × 28 gray."""
    parts, classes = {}, list(datasets.FashionMNIST.classes)
    for name in ("train", "test"):
        made = datasets.FashionMNIST(root, train=name == "train", download=download)
        pixels = np.repeat(made.data.numpy()[..., None], 3, axis=3)
        parts[name] = Part(pixels, {"label": _named(classes, made.targets.tolist())})
    return parts, classes


def omniglot(root: Path, download: bool) -> tuple[dict[str, Part], list[str]]:
    """Omniglot: drawn characters of 50 alphabets; those of background to train on, of evaluation to test."""
    parts, characters = {}, []
    for name in ("train", "test"):
        made = datasets.Omniglot(root, background=name == "train", download=download)
        drawn = [(made._characters[index], image) for image, index in made._flat_character_images]
        images = [_below(root, Path(made.target_folder, *one)) for one in drawn]
        characters += made._characters
        labels = {
            "character": [character for character, _ in drawn],
            "alphabet": [character.split("/")[0] for character, _ in drawn],
        }
        parts[name] = Part(images, labels)
    return parts, characters


def flowers102(root: Path, download: bool) -> tuple[dict[str, Part], list[str]]:
    """Oxford Flowers: 102 kinds, with a published val part."""
    parts, classes = {}, list(datasets.Flowers102.classes)
    for name in ("train", "val", "test"):
        made = datasets.Flowers102(root, split=name, download=download)
        images = [_below(root, path) for path in made._image_files]
        parts[name] = Part(images, {"flower": _named(classes, made._labels)})
    return parts, classes


def oxford_pet(root: Path, download: bool) -> tuple[dict[str, Part], list[str]]:
    """Oxford-IIIT Pet: 37 breeds of two species."""
    parts, classes = {}, []
    for name, split in (("train", "trainval"), ("test", "test")):
        made = datasets.OxfordIIITPet(root, split=split, download=download)
        classes = list(made.classes)
        images = [_below(root, path) for path in made._images]
        labels = {
            "breed": _named(classes, made._labels),
            "species": _named(made.bin_classes, made._bin_labels),
        }
        parts[name] = Part(images, labels)
    return parts, classes


def food101(root: Path, download: bool) -> tuple[dict[str, Part], list[str]]:
    """Food-101: 101 dishes; the training part was left with some wrong labels on purpose."""
    parts, classes = {}, []
    for name in ("train", "test"):
        made = datasets.Food101(root, split=name, download=download)
        classes = list(made.classes)
        images = [_below(root, path) for path in made._image_files]
        parts[name] = Part(images, {"dish": _named(classes, made._labels)})
    return parts, classes


def _named(names: Sequence[str], codes: Sequence[int]) -> list[str]:
    return [names[code] for code in codes]


def _below(root: Path, path: str | Path) -> str:
    return Path(path).relative_to(root).as_posix()


ANY = ("published", "against_train", "disjoint")
DISJOINT = ("disjoint", "published", "against_train")
SETS = {
    "cifar10": Published(
        cifar10,
        {"train": 50000, "test": 10000},
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        "cifar-10-batches-py",
        ANY,
    ),
    "cifar100": Published(
        cifar100,
        {"train": 50000, "test": 10000},
        "https://www.cs.toronto.edu/~kriz/cifar.html",
        "cifar-100-python",
        DISJOINT,
    ),
    "fashion_mnist": Published(
        fashion_mnist,
        {"train": 60000, "test": 10000},
        "https://github.com/zalandoresearch/fashion-mnist",
        "FashionMNIST/raw",
        ANY,
    ),
    "omniglot": Published(
        omniglot,
        {"train": 19280, "test": 13180},
        "https://github.com/brendenlake/omniglot",
        "omniglot-py",
        ("published",),
    ),
    "flowers102": Published(
        flowers102,
        {"train": 1020, "val": 1020, "test": 6149},
        "https://www.robots.ox.ac.uk/~vgg/data/flowers/102",
        "flowers-102",
        DISJOINT,
    ),
    "oxford_pet": Published(
        oxford_pet,
        {"train": 3680, "test": 3669},
        "https://www.robots.ox.ac.uk/~vgg/data/pets",
        "oxford-iiit-pet",
        DISJOINT,
    ),
    "food101": Published(
        food101,
        {"train": 75750, "test": 25250},
        "https://data.vision.ee.ethz.ch/cvl/datasets_extra/food-101",
        "food-101",
        DISJOINT,
    ),
}
