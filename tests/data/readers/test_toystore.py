import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsr.data.catalogue.catalogue import Catalogue
from vsr.data.readers.product_splits import product_splits
from vsr.data.readers.toystore import Toystore

TINY = {"products": 12, "photos": 3, "image_size": 16, "query_photos": 1}


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Catalogue:
    return Toystore(**TINY, cache_dir=str(tmp_path_factory.mktemp("cache"))).read()


def test_a_store_has_a_row_and_a_picture_for_every_photo_of_every_product(store):
    assert len(store) == 36
    assert store.pixels.shape == (36, 16, 16, 3)
    assert store.pixels.dtype == np.uint8
    assert isinstance(store.pixels, np.memmap)
    assert not store.pixels.flags.writeable
    assert store.table["image"].tolist() == list(range(36))


def test_names_tell_category_product_and_photo(store):
    assert store.table["item"].iloc[0] == "lamp-0000-00"
    for item, product, category in store.table[["item", "product", "category"]].itertuples(index=False):
        assert item.startswith(product + "-")
        assert product.startswith(category + "-")


def test_levels_gains_and_protocol_say_what_is_measured(store):
    assert store.levels == ("product", "category")
    assert store.gains == (3.0, 1.0)
    assert store.protocol.startswith("toystore/v")


def test_no_product_stands_in_two_splits(store):
    assert (store.table.groupby("product")["split"].nunique() == 1).all()


def test_every_category_stands_in_every_split(store):
    assert (store.table.groupby("category")["split"].nunique() == 3).all()


def test_every_searched_product_has_queries_and_a_gallery_and_training_pictures_are_both(store):
    for split in ("val", "test"):
        roles = store.table[store.table["split"] == split].groupby("product")["role"].value_counts().unstack()
        assert len(roles) > 0
        assert (roles["query"] == 1).all()
        assert (roles["gallery"] == 2).all()
    assert set(store.table.loc[store.table["split"] == "train", "role"]) == {"both"}


def test_a_fold_is_searched_like_the_validation_split_and_test_stays(store, tmp_path):
    made = [Toystore(**TINY, folds=2, fold=fold, cache_dir=str(tmp_path)).read().table for fold in (0, 1)]
    held_out = [set(table.loc[table["split"] == "val", "product"]) for table in made]
    assert held_out[0] | held_out[1] == set(store.table.loc[store.table["split"] != "test", "product"])
    assert not held_out[0] & held_out[1]
    for table in made:
        same = table["split"] == "test"
        assert table[same].equals(store.table[store.table["split"] == "test"])
        roles = table[table["split"] == "val"].groupby("product")["role"].value_counts().unstack()
        assert (roles["query"] == 1).all()
        assert set(table.loc[table["split"] == "train", "role"]) == {"both"}


def test_the_same_arguments_give_the_same_fingerprint_and_another_split_another(store, tmp_path):
    assert Toystore(**TINY, cache_dir=str(tmp_path)).read().fingerprint == store.fingerprint
    other = Toystore(**TINY, val_fraction=0, test_fraction=0.5, cache_dir=str(tmp_path)).read()
    assert other.fingerprint != store.fingerprint
    assert len(other.rows("val")) == 0


def test_the_default_store_tests_on_forty_products_of_all_twenty_categories():
    table = Toystore()._table()
    products = table.drop_duplicates("product")
    assert products["split"].value_counts().to_dict() == {"train": 96, "test": 40, "val": 24}
    assert products["category"].nunique() == 20
    assert (products.groupby("category")["split"].nunique() == 3).all()


CATEGORIES = st.lists(st.sampled_from("abcde"), min_size=1, max_size=80)
SHARES = st.tuples(st.sampled_from((0.0, 0.1, 0.15, 0.3)), st.sampled_from((0.0, 0.2, 0.25, 0.4)))


@given(CATEGORIES, SHARES, st.integers(1, 80))
def test_growing_the_store_moves_no_product_to_another_split(categories, shares, first):
    whole = product_splits(categories, *shares)
    assert product_splits(categories[:first], *shares) == whole[:first]


@given(CATEGORIES, SHARES)
def test_a_category_of_three_products_stands_in_every_split_that_is_wanted(categories, shares):
    splits = product_splits(categories, *shares)
    wanted = {"train"} | ({"val"} if shares[0] else set()) | ({"test"} if shares[1] else set())
    for category in set(categories):
        found = {split for one, split in zip(categories, splits, strict=True) if one == category}
        assert found <= wanted
        if categories.count(category) >= 3:
            assert found == wanted


@given(SHARES)
def test_the_shares_of_a_large_store_are_those_asked_for(shares):
    splits = product_splits([f"{k % 20}" for k in range(1000)], *shares)
    for name, share in zip(("val", "test"), shares, strict=True):
        assert splits.count(name) / 1000 == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"products": 2}, "products must be >= 3, got 2"),
        ({"products": 10.5}, "products must be a whole number, got 10.5"),
        ({"photos": 1}, "photos must be >= 2, got 1"),
        ({"photos": True}, "photos must be a whole number, got True"),
        ({"image_size": 15}, r"image_size must be in 16\.\.512, got 15"),
        ({"image_size": 513}, r"image_size must be in 16\.\.512, got 513"),
        ({"seed": -1}, "seed must be >= 0, got -1"),
        ({"query_photos": 0}, "query_photos must be >= 1, got 0"),
        (
            {"photos": 4, "query_photos": 4},
            r"query_photos must be < photos \(4\).*got 4; lower it or raise photos",
        ),
        ({"val_fraction": -0.1}, "val_fraction must be >= 0 and < 1, got -0.1"),
        ({"val_fraction": 0.5, "test_fraction": 0.5}, r"must be < 1 .*got 0\.5 \+ 0\.5; lower one"),
        ({"gains": (1.0,)}, r"gains must be two numbers > 0.*got \[1\.0\]"),
        ({"gains": (3.0, 0.0)}, "gains must be two numbers > 0"),
    ],
)
def test_an_argument_out_of_range_is_named_with_its_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        Toystore(**arguments)
