"""Google Landmarks v2, on a miniature in the published layout."""

import numpy as np
import pytest
import torch
from missing_pictures import check_left_out
from PIL import Image
from published_files import folder_of

from vsr.data.loading.positives import LabelPositives
from vsr.data.pictures.decode import CataloguePictures
from vsr.data.readers.gldv2 import GALLERY, TRAIN_PICTURES, GoogleLandmarks
from vsr.data.relevance.label_relevance import LabelRelevance, relevance_of
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.errors import ConfigError, DataError
from vsr.metrics.ranking import RankingMetrics
from vsr.retrieval.evaluate import evaluate


def name(part: str, number: int) -> str:
    return f"{part}{number:015x}"


INDEX = [name("0", number) for number in range(6)]
TRAIN = [name("1", number) for number in range(24)]
SOLUTION = [
    (name("2", 0), f"{INDEX[3]} {INDEX[1]}", "Private"),
    (name("2", 1), INDEX[0], "Public"),
    (name("2", 2), "None", "Ignored"),
    (name("2", 3), f"{INDEX[5]}", "Private"),
]


def csv(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


@pytest.fixture
def published(tmp_path):
    """Call to write the miniature, perhaps with another solution; returns its folder."""

    def write(solution=SOLUTION, folder="metadata"):
        csv(tmp_path / folder / "retrieval_solution_v2.1.csv", "id,images,Usage", solution)
        landmarks = [(one, number // 2) for number, one in enumerate(INDEX)]
        csv(tmp_path / folder / "index_image_to_landmark.csv", "id,landmark_id", landmarks)
        rows = [(one, "http://x", number // 4) for number, one in enumerate(TRAIN)]
        csv(tmp_path / folder / "train.csv", "id,url,landmark_id", rows)
        clean = [(number, " ".join(TRAIN[4 * number : 4 * number + 3])) for number in range(6)]
        csv(tmp_path / folder / "train_clean.csv", "landmark_id,images", clean)
        for part, names in (("index", INDEX), ("train", TRAIN), ("test", [one[0] for one in SOLUTION])):
            for one in names:
                path = tmp_path / part / one[0] / one[1] / one[2] / f"{one}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (9, 8)).save(path)
        return str(tmp_path)

    return write


def items(catalogue, *which):
    return [one.rpartition("/")[2] for one in catalogue.table["item"].to_numpy()[catalogue.rows(*which)]]


@pytest.mark.parametrize(("usage", "queries"), [("private", [0, 3]), ("public", [1]), ("all", [0, 1, 3])])
def test_usage_chooses_the_queries_and_ignored_ones_are_none(published, usage, queries):
    catalogue = GoogleLandmarks(published(), usage).read()
    assert items(catalogue, "test", "query") == [SOLUTION[number][0] for number in queries]
    assert items(catalogue, "test", "gallery") == INDEX
    assert catalogue.protocol == f"gldv2/{usage}/v2.1/not-as-published"
    CataloguePictures(catalogue)(0)


def test_relevance_is_what_the_solution_lists(published):
    catalogue = GoogleLandmarks(published()).read()
    relevance = relevance_of(catalogue, catalogue.rows("test", "query"), catalogue.rows("test", "gallery"))
    found = relevance.positives(np.arange(2), 1)
    assert (found.offsets.tolist(), found.items.tolist()) == ([0, 2, 3], [1, 3, 5])
    assert catalogue.names()[:2] == ["index/1", "index/2"]  # of the first picture listed


def test_landmarks_of_train_and_of_the_index_are_not_the_same(published):
    catalogue = GoogleLandmarks(published(), train="full", val_fraction=0).read()
    table = catalogue.table
    assert set(table.loc[table["split"] == "train", "landmark"]) == {f"train/{number}" for number in range(6)}
    assert set(table.loc[table["role"] == "gallery", "landmark"]) == {
        f"index/{number}" for number in range(3)
    }
    assert items(catalogue, "train") == TRAIN


def test_clean_training_pictures_are_those_of_the_clean_table(published):
    catalogue = GoogleLandmarks(published(), train="clean", val_fraction=0).read()
    assert items(catalogue, "train") == [one for number, one in enumerate(TRAIN) if number % 4 < 3]
    assert len(LabelPositives().examples(catalogue).rows) == 18


def test_val_is_whole_training_landmarks_judged_by_label(published):
    catalogue = GoogleLandmarks(published(), train="full", val_fraction=0.34).read()
    val = catalogue.rows("val")
    labels = catalogue.table["landmark"].to_numpy()
    assert len(val) == 8
    assert not set(labels[val]) & set(labels[catalogue.rows("train")])
    assert isinstance(relevance_of(catalogue, val, val), LabelRelevance)


def test_without_training_pictures_it_says_so(published):
    with pytest.raises(DataError, match=r"gldv2/private/v2\.1/not-as-published has no training split"):
        LabelPositives().examples(GoogleLandmarks(published()).read())


def test_tables_may_lie_in_the_root(published):
    assert len(GoogleLandmarks(published(folder=".")).read()) == 8


def test_map_at_100_is_over_the_smaller_of_100_and_all_relevant():
    """300 relevant, all in the first 100 ranks but one at rank 2: the official (1 + 2/3 + 3/4 + …) / 100."""
    relevance = ListRelevance.from_lists([[one for one in range(301) if one != 1]], 301)
    scores = -torch.arange(301, dtype=torch.float32)[:, None]
    found = evaluate(torch.ones(1, 1), scores, relevance, RankingMetrics(["map@100"]), similarity="ip")
    expected = (1 + sum((rank - 1) / rank for rank in range(3, 101))) / 100
    assert found.means["map@100"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((name("2", 3), INDEX[5], "private"), "Usage 'private' in row 1 is not Public, Private or Ignored"),
        ((name("2", 3), INDEX[5], "Public"), "has no query whose Usage is Private"),
        ((name("2", 3), TRAIN[0], "Private"), f"query {name('2', 3)} lists {TRAIN[0]}, which .*landmark.csv"),
        (
            (name("9", 9), INDEX[5], "Private"),
            "1.csv names 'test/9/0/0/9000.*which is not in .*1 of 1 pict",
        ),
        ((name("2", 3), f"{INDEX[5]} {INDEX[5]}", "Private"), f"lists 'index/{INDEX[5]}' twice"),
    ],
)
def test_a_wrong_solution_is_one_line(published, row, message):
    with pytest.raises(DataError, match=message) as error:
        GoogleLandmarks(published([row])).read()
    assert "\n" not in str(error.value)


def test_a_picture_twice_in_the_index_is_named(published, tmp_path):
    root = published()
    with (tmp_path / "metadata/index_image_to_landmark.csv").open("a") as file:
        file.write(f"{INDEX[2]},9\n")
    with pytest.raises(DataError, match=rf"landmark\.csv: picture {INDEX[2]} stands in two rows"):
        GoogleLandmarks(root).read()


def test_a_missing_table_is_named_with_its_page(tmp_path):
    with pytest.raises(DataError, match=r"retrieval_solution_v2\.1\.csv.*cvdfoundation/google-landmark"):
        GoogleLandmarks(str(tmp_path)).read()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"usage": "test"}, "data.usage: 'test'"),
        ({"train": "all"}, "data.train: 'all'"),
        ({"val_fraction": -0.1}, "data.val_fraction must be >= 0"),
    ],
)
def test_wrong_arguments_are_one_line(options, message):
    with pytest.raises(ConfigError, match=message):
        GoogleLandmarks("x", **options)


def test_a_missing_picture_can_be_left_out_and_the_lists_go_on_without_it(published, tmp_path):
    root = published()
    (tmp_path / "index" / INDEX[3][0] / INDEX[3][1] / INDEX[3][2] / f"{INDEX[3]}.jpg").unlink()
    catalogue = GoogleLandmarks(root, on_missing="skip").read()
    queries, gallery = catalogue.rows("test", "query"), catalogue.rows("test", "gallery")
    found = relevance_of(catalogue, queries, gallery).positives(np.arange(2), 1)
    names = np.array(items(catalogue, "test", "gallery"))
    assert names[found.items].tolist() == [INDEX[1], INDEX[5]]
    root = published()  # whole again
    check_left_out(lambda **options: GoogleLandmarks(root, train="full", **options).read())


def test_the_published_files_have_the_published_counts(caplog):
    catalogue = GoogleLandmarks(folder_of("gldv2"), usage="all", train="clean", val_fraction=0).read()
    assert not caplog.records
    assert len(catalogue.rows("test", "gallery")) == GALLERY
    assert len(catalogue.rows("train")) == TRAIN_PICTURES["clean"]
