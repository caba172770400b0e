"""Training pictures per second against a plain torchvision ImageFolder and RandomResizedCrop, in one run.

    uv run python tests/benchmarks/pictures.py [photos=FOLDER] [rounds=5] [workers=0] [pictures=600]
        [sides=0,375,1200]

Of the class folders of JPEGs in ``photos`` sets are made in a temporary folder: as they are (0), and enlarged
to 375 pixels on the short side, as the pictures of CUB and ImageNet are, and to 1200, as cameras write them.
Every side gives batches of 64 random views of 224 pixels with the same scale and ratio, in turn; the ratio of
the medians over interleaved rounds is what counts. The floor is what no pipeline with these files goes below:
decoding them, or copying a finished view.
"""

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from vsr.data.catalogue.walk import find_pictures
from vsr.data.loading.datamodule import VisualSearchData
from vsr.data.loading.positives import LabelPositives
from vsr.data.pictures.transforms import PictureTransforms
from vsr.data.readers.folder import Folder
from vsr.data.samplers.random import RandomBatches

SIZE, BATCH, SCALE, RATIO = 224, 64, (0.5, 1.0), (0.75, 1.3333)


def make_set(photos: Path, into: Path, n: int, side: int | None) -> None:
    """``n`` of the photos in their class folders; enlarged to ``side`` on the short side, with some grain."""
    random = np.random.default_rng(0)
    chosen = sorted(random.permutation(find_pictures(photos))[:n])
    for name in chosen:
        path = into / Path(name).parent.name / f"{Path(name).stem}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        if side is None:
            path.write_bytes((photos / name).read_bytes())
            continue
        with Image.open(photos / name) as image:
            rgb = image.convert("RGB")
        scale = side / min(rgb.size)
        large = np.asarray(
            rgb.resize([round(scale * length) for length in rgb.size], Image.Resampling.BICUBIC)
        )
        grain = random.normal(0, 4, large.shape[:2])[..., None]  # without it the files would be half as long
        Image.fromarray((large + grain).clip(0, 255).astype(np.uint8)).save(path, quality=90)


def plain(folder: Path, workers: int) -> Callable[[], int]:
    """What most training scripts do."""
    crop = v2.RandomResizedCrop(SIZE, SCALE, RATIO, antialias=True)
    views = v2.Compose([crop, v2.RandomHorizontalFlip(), v2.PILToTensor()])
    loader = DataLoader(
        ImageFolder(str(folder), views), BATCH, shuffle=True, num_workers=workers, drop_last=True,
        persistent_workers=workers > 0,
    )  # fmt: skip
    return lambda: sum(len(images) for images, _ in loader)


def ours(folder: Path, workers: int, **options) -> Callable[[], int]:
    catalogue = Folder(str(folder), splits=(1.0, 0.0, 0.0)).read()
    transforms = PictureTransforms(SIZE, SCALE, RATIO)
    data = VisualSearchData(
        catalogue, transforms, LabelPositives(), RandomBatches(BATCH), workers=workers, **options
    )
    loader, epoch = data.train_dataloader(), iter(range(1_000_000))

    def run() -> int:
        loader.batch_sampler.set_epoch(next(epoch))
        return sum(len(batch.labels) for batch in loader)

    return run


def floors(folder: Path) -> dict[str, float]:
    """Milliseconds a picture, of this process, without batches: decoding alone, and copying a view."""
    contents = [path.read_bytes() for path in sorted(folder.rglob("*.jpg"))[:100]]

    def decode(side: int | None) -> None:
        for content in contents:
            image = Image.open(io.BytesIO(content))
            if side is not None:
                image.draft(None, (side, side))
            image.load()

    needed = PictureTransforms(SIZE, SCALE, RATIO).train_decode_size
    view = torch.zeros(len(contents), 3, SIZE, SIZE, dtype=torch.uint8)
    work = {
        "decode whole": lambda: decode(None),
        "decode as small as crops allow": lambda: decode(needed),
        "copy a view": view.clone,
    }
    found = {"KiB a file": statistics.mean(map(len, contents)) / 1024}
    for name, one in work.items():
        times = []
        for _ in range(5):
            began = time.process_time()
            one()
            times.append(1000 * (time.process_time() - began) / len(contents))
        found[name] = min(times)
    return found


def measure(sides: dict[str, Callable[[], int]], rounds: int, workers: int) -> None:
    """Print CPU milliseconds a picture of every side and its ratio to the first, and pictures a second."""
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for run in sides.values():
        run()  # reads the files into memory, starts the workers, builds the cache
    for _ in range(rounds):
        for name, run in sides.items():
            wall, cpu = time.perf_counter(), time.process_time()
            n = run()
            rates[name].append(((time.perf_counter() - wall) / n, (time.process_time() - cpu) / n))
    which = 0 if workers else 1  # CPU seconds do not count other programs; those of workers are not ours
    first = next(iter(rates))
    base = statistics.median(one[which] for one in rates[first])
    kind = "wall" if workers else "CPU"
    print(f"{'':34} {'ms a picture':>12} {'range':>16} {'a second':>9} {'times':>6}   ({kind} time)")
    for name, values in rates.items():
        times = sorted(1000 * one[which] for one in values)
        middle = statistics.median(times)
        pairs = sorted(a[which] / b[which] for a, b in zip(rates[first], values, strict=True))
        print(
            f"{name:34} {middle:12.3f} {times[0]:7.3f} – {times[-1]:6.3f} {1000 / middle:9.0f} "
            f"{1000 * base / middle:6.2f}   by pair {pairs[0]:.2f} – {pairs[-1]:.2f}"
        )


def main() -> None:
    words = dict(word.split("=", 1) for word in sys.argv[1:])
    photos, rounds = Path(words.get("photos", "photos")), int(words.get("rounds", 5))
    workers, n = int(words.get("workers", 0)), int(words.get("pictures", 600))
    sides_px = [int(side) or None for side in words.get("sides", "0,375,1200").split(",")]
    torch.set_num_threads(1)
    for side in sides_px:
        with tempfile.TemporaryDirectory() as temporary:
            folder, caches = Path(temporary) / "photos", str(Path(temporary) / "cache")
            make_set(photos, folder, n, side)
            began = time.perf_counter()
            sides = {
                "torchvision ImageFolder": plain(folder, workers),
                "vsr": ours(folder, workers),
                "vsr, loader.cache=true": ours(folder, workers, cache=True, cache_dir=caches),
                "vsr, cached, augment_on_device": ours(
                    folder, workers, cache=True, cache_dir=caches, augment_on_device=True
                ),
            }
            built = time.perf_counter() - began
            print(f"\n{n} photos, {'as they are' if side is None else f'{side} pixels on the short side'}")
            for name, value in floors(folder).items():
                print(f"  {name}: {value:.3f}" + ("" if name.startswith("KiB") else " ms"))
            size = sum(path.stat().st_size for path in Path(caches).rglob("*.bin"))
            print(
                f"  cache: {size / n / 1024:.0f} KiB a picture; {1000 * built / n:.2f} ms a picture to build"
            )
            measure(sides, rounds, workers)


if __name__ == "__main__":
    main()
