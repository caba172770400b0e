import pytest
import torch
import torch.nn.functional as F

from vsr.models.concatenated import Concatenated
from vsr.models.embedding import EmbeddingModel


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(0)
    return [
        EmbeddingModel("squeezenet1_1", width=width, normalize=normalize).eval()
        for width, normalize in ((4, True), (6, False))
    ]


@pytest.fixture(scope="module")
def images():
    return torch.randint(
        0, 256, (3, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )


def test_embeddings_have_unit_length_and_all_the_numbers(models, images):
    both = Concatenated(models)
    embeddings = both(images)
    assert embeddings.shape == (3, both.width) == (3, 10)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(3))


def test_the_similarity_is_the_mean_of_the_models_similarities(models, images):
    embeddings = Concatenated(models)(images)
    cosines = [F.cosine_similarity(one[:, None], one[None], dim=2) for one in (m(images) for m in models)]
    torch.testing.assert_close(embeddings @ embeddings.T, sum(cosines) / 2)


def test_no_model_is_refused():
    with pytest.raises(ValueError, match="models must be one network or more"):
        Concatenated([])
