"""Revisited Oxford and Paris, on a miniature in the published layout."""

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from missing_pictures import check_left_out
from PIL import Image
from published_files import folder_of

from vsr.data.loading.positives import LabelPositives
from vsr.data.pictures.decode import CataloguePictures
from vsr.data.readers.revisited import COUNTS, Revisited
from vsr.data.relevance.label_relevance import LabelRelevance, relevance_of
from vsr.data.relevance.list_relevance import ListRelevance
from vsr.errors import ConfigError, DataError

GALLERY = [f"{place}_{number:06d}" for place in ("all_souls", "bodleian") for number in range(1, 5)]
QUERIES = ["all_souls_000013", "bodleian_000107"]


def ground_truth() -> dict:
    """In the pickle's layout: an empty list is an array of floats, boxes are corners with fractions."""
    lists = [
        {"easy": [0, 3], "hard": [1], "junk": [4, 2], "bbx": [10.4, 5.5, 29.6, 24.5]},
        {"easy": [], "hard": [5, 7], "junk": [], "bbx": [0.0, 0.0, 48.0, 36.0]},
    ]
    gnd = [
        {
            key: value if key == "bbx" else np.array(value, int if value else float)
            for key, value in one.items()
        }
        for one in lists
    ]
    return {"gnd": gnd, "imlist": list(GALLERY), "qimlist": list(QUERIES)}


@pytest.fixture
def published(tmp_path):
    """Call to write the miniature, with ``change(truth)`` done to the ground truth. Returns its folder."""

    def write(change=lambda truth: None, name="roxford5k"):
        truth, root = ground_truth(), tmp_path / name
        change(truth)
        (root / "jpg").mkdir(parents=True, exist_ok=True)
        (root / f"gnd_{name}.pkl").write_bytes(pickle.dumps(truth, 2))
        columns, rows = np.meshgrid(np.arange(48), np.arange(36))
        pixels = np.stack([columns * 5, rows * 7, columns * 0], axis=2).astype(np.uint8)
        for picture in (*GALLERY, *QUERIES):
            Image.fromarray(pixels).save(root / "jpg" / f"{picture}.jpg", quality=100, subsampling=0)
        return str(root)

    return write


def lists_of(catalogue):
    """Relevant and junk names of each query."""
    items = catalogue.table["item"].to_numpy()
    qrels = catalogue.qrels
    return [
        tuple(
            set(items[qrels[(qrels["query"] == query) & (qrels["gain"] == gain)]["answer"]])
            for gain in (1, 0)
        )
        for query in range(2)
    ]


@pytest.mark.parametrize(
    ("difficulty", "relevant", "junk"),
    [("easy", [0, 3], [4, 2, 1]), ("medium", [0, 3, 1], [4, 2]), ("hard", [1], [4, 2, 0, 3])],
)
def test_a_difficulty_decides_what_is_relevant_and_what_is_junk(published, difficulty, relevant, junk):
    catalogue = Revisited("roxford5k", published(), difficulty).read()
    first = lists_of(catalogue)[0]
    assert first == ({GALLERY[place] for place in relevant}, {GALLERY[place] for place in junk})
    assert catalogue.protocol == f"roxford5k/{difficulty}/v1/not-as-published"


def test_queries_are_not_in_the_gallery_and_everything_is_test(published):
    catalogue = Revisited("roxford5k", published()).read()
    items = catalogue.table["item"]
    assert items[catalogue.rows("test", "query")].tolist() == QUERIES
    assert items[catalogue.rows("test", "gallery")].tolist() == GALLERY
    assert len(catalogue.rows("test")) == len(catalogue)
    assert catalogue.names()[:3] == ["all_souls", "bodleian", "all_souls"]


def test_queries_are_cut_to_their_box_rounded_as_the_reference_does(published):
    root = published()
    catalogue = Revisited("roxford5k", root).read()
    pictures = CataloguePictures(catalogue)
    with Image.open(f"{root}/jpg/{QUERIES[0]}.jpg") as whole:
        expected = whole.crop((10.4, 5.5, 29.6, 24.5))  # Pillow rounds, halves to even: 10, 6, 30, 24
        assert expected.size == (20, 18)
        np.testing.assert_array_equal(np.asarray(pictures(0)), np.asarray(expected))
    assert pictures(1).size == (48, 36)
    assert pictures(2).size == (48, 36)


def test_lists_decide_and_junk_takes_no_rank(published):
    catalogue = Revisited("roxford5k", published(), "hard").read()
    relevance = relevance_of(catalogue, catalogue.rows("test", "query"), catalogue.rows("test", "gallery"))
    assert isinstance(relevance, ListRelevance)
    both = np.arange(2)
    assert relevance.positives(both, 1).offsets.tolist() == [0, 1, 3]
    assert relevance.positives(both, 1).items.tolist() == [1, 5, 7]
    assert relevance.ignored(both).items.tolist() == [0, 2, 3, 4]
    assert relevance.gains(both, np.array([[0, 1, 2], [5, 6, 7]])).tolist() == [[0, 1, 0], [1, 0, 1]]


def test_distractors_join_the_gallery_and_are_relevant_to_nothing(tmp_path, published):
    root, beside = published(), tmp_path / "revisitop1m"
    (beside / "jpg" / "a").mkdir(parents=True)
    (beside / "revisitop1m.txt").write_text("a/1.jpg\na/2.png\n")
    for name in ("1.jpg", "2.png"):
        Image.new("RGB", (9, 8)).save(beside / "jpg" / "a" / name)
    alone, catalogue = (Revisited("roxford5k", root, distractors=one).read() for one in (False, True))
    assert catalogue.table["item"].iloc[-1] == "../revisitop1m/jpg/a/2.png"
    assert len(catalogue.rows("test", "gallery")) == len(GALLERY) + 2
    assert CataloguePictures(catalogue)(len(catalogue) - 1).size == (9, 8)
    assert lists_of(catalogue) == lists_of(alone)
    assert catalogue.protocol == "roxford5k+1m/medium/v1/not-as-published"


def test_difficulties_have_fingerprints_of_their_own(published):
    root = published()
    prints = {Revisited("roxford5k", root, difficulty).read().fingerprint for difficulty in ("easy", "hard")}
    assert len(prints) == 2


def test_the_counts_that_differ_from_the_published_ones_are_told_in_one_line(published, caplog):
    Revisited("roxford5k", published()).read()
    (told,) = caplog.messages
    assert "2 queries for 70, 8 gallery for 4,993 published" in told


def test_a_list_of_distractors_that_is_no_text_is_refused(tmp_path, published):
    (tmp_path / "revisitop1m").mkdir()
    (tmp_path / "revisitop1m" / "revisitop1m.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"revisitop1m\.txt is not text"):
        Revisited("roxford5k", published(), distractors=True).read()


def test_there_is_nothing_to_train_on_and_it_says_so(published):
    catalogue = Revisited("rparis6k", published(name="rparis6k")).read()
    with pytest.raises(
        DataError, match="rparis6k/medium/v1/not-as-published has no training split, it is for eval"
    ):
        LabelPositives().examples(catalogue)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda truth: truth.pop("qimlist"), "has no list 'qimlist'"),
        (lambda truth: truth["gnd"].pop(), "has 2 queries but ground truth for 1"),
        (lambda truth: truth["imlist"].append(QUERIES[1]), "query 'bodleian_000107' stands in imlist too"),
        (lambda truth: truth["gnd"][1].pop("bbx"), r"query 1 \('bodleian_000107'\) has no box bbx"),
        (lambda truth: truth["gnd"][0].update(bbx=[1, 2, 3]), r"query 0 .* has no box bbx of four numbers"),
        (lambda truth: truth["gnd"][0].update(bbx=[9, 9, 9, 20]), "has the empty box 9, 9, 9, 20"),
        (lambda truth: truth["gnd"][0].pop("hard"), "query 0 .* has no list 'hard'"),
        (lambda truth: truth["gnd"][0].update(easy=[0.5]), "'easy' holds something other than whole numbers"),
        (lambda truth: truth["gnd"][0].update(junk=[8]), "'junk' reaches outside the 8 pictures of imlist"),
        (lambda truth: truth["gnd"][0].update(junk=[-1]), "'junk' reaches outside the 8 pictures of imlist"),
        (
            lambda truth: truth["gnd"][0].update(hard=[0]),
            "'all_souls_000013' lists 'all_souls_000001' twice",
        ),
        (
            lambda truth: truth["imlist"].append("gone_1"),
            r"imlist entry 8 names 'jpg/gone_1\.jpg', .* \(1 of 9 pictures",
        ),
    ],
)
def test_a_wrong_ground_truth_is_one_line_naming_file_and_place(published, change, message):
    with pytest.raises(DataError, match=message) as error:
        Revisited("roxford5k", published(change)).read()
    assert "\n" not in str(error.value)


def test_missing_files_are_named_with_the_page_that_has_them(tmp_path):
    with pytest.raises(DataError, match=r"gnd_roxford5k\.pkl.*http://cmp\.felk\.cvut\.cz/revisitop"):
        Revisited("roxford5k", str(tmp_path)).read()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("roxford", "x"), "data.name: there is no 'roxford'; did you mean 'roxford5k'"),
        (("roxford5k", "x", "harder"), "data.difficulty: 'harder'; did you mean 'hard'"),
        (("roxford5k",), "data.root must name the folder with the files of roxford5k"),
    ],
)
def test_wrong_arguments_are_one_line(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Revisited(*arguments)


def test_a_missing_picture_can_be_left_out_and_the_lists_go_on_without_it(published):
    root = published()
    part = check_left_out(lambda **options: Revisited("roxford5k", root, **options).read())
    assert lists_of(part)[1][0] == {GALLERY[5]}  # GALLERY[7] is the last of the catalogue


@pytest.mark.parametrize("name", COUNTS)
def test_the_published_files_have_the_published_counts(name, caplog):
    catalogue = Revisited(name, folder_of(name)).read()
    assert not caplog.records
    assert len(catalogue) == sum(COUNTS[name].values())


def test_a_catalogue_with_lists_judges_a_split_they_do_not_name_by_labels(make_catalogue):
    catalogue = make_catalogue(val={"a": 3}, test={"a": 2})
    qrels = pd.DataFrame({"query": [3], "answer": [4], "gain": [1.0]})
    listed = replace(catalogue, qrels=qrels)
    val, test = listed.rows("val"), listed.rows("test")
    assert isinstance(relevance_of(listed, val, val), LabelRelevance)
    relevance = relevance_of(listed, test, test)
    assert isinstance(relevance, ListRelevance)
    assert relevance.positives(np.arange(2), 1).items.tolist() == [1]
    assert relevance.ignored(np.arange(2)).items.tolist() == [0, 1]  # each is also in the gallery
