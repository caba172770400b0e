"""Search a folder of photos with a photo.

python docs/examples/search_photos.py photos query.jpg
"""

import sys
from pathlib import Path

import torch
from PIL import Image
from torchvision.transforms.v2.functional import center_crop, pil_to_tensor, resize

from vsr.index.hnsw import HNSW
from vsr.models.embedding import EmbeddingModel


def main(root: str, query: str, weights: str | None = "DEFAULT") -> None:
    """Print the five nearest photos, nearest first."""
    # Weights as torchvision names them, or a file.
    model = EmbeddingModel("resnet18", head="none", width=None, weights=weights).eval()

    def embed(path: Path) -> torch.Tensor:
        pixels = pil_to_tensor(Image.open(path).convert("RGB"))
        with torch.inference_mode():
            return model(center_crop(resize(pixels, [224]), [224])[None])[0]

    photos = sorted(
        path for path in Path(root).rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"}
    )
    index = HNSW()
    index.add(torch.stack([embed(path) for path in photos]).numpy())
    neighbors = index.search(embed(Path(query))[None].numpy(), 5)
    for row, score in zip(neighbors.ids[0], neighbors.scores[0], strict=True):
        if row >= 0:
            print(f"{score:.3f}  {photos[row]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
