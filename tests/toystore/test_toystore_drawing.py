import numpy as np
import pytest

from vsr.toystore import VERSION, Order, category, draw
from vsr.toystore.order import FIRST
from vsr.toystore.things import KINDS

SMALL = Order(seed=0, products=100, photos=2, size=24)
EACH = range(0, FIRST * len(KINDS), FIRST)  # the first product of every kind


@pytest.fixture(scope="module")
def each() -> dict[int, np.ndarray]:
    """Two photos of a product of every kind."""
    return {product: draw(SMALL, product) for product in EACH}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("product", [k + 2 for k in EACH], ids=category)
def test_a_product_of_every_kind_is_drawn_without_a_numeric_warning(product):
    pictures = draw(SMALL._replace(photos=1), product)
    assert pictures.shape == (1, 24, 24, 3)
    assert pictures.dtype == np.uint8
    assert pictures.std() > 5


def test_drawing_again_gives_the_same_bytes(each):
    assert np.array_equal(draw(SMALL, 8), each[8])


def test_a_photo_depends_neither_on_how_many_products_nor_on_how_many_photos_there_are(each):
    assert np.array_equal(draw(SMALL._replace(products=9, photos=1), 8)[0], each[8][0])


def test_another_seed_draws_another_product(each):
    assert not np.array_equal(draw(SMALL._replace(seed=1), 8), each[8])


def test_no_two_pictures_are_alike(each):
    pictures = np.concatenate(list(each.values())).reshape(2 * len(each), -1).astype(float)
    apart = np.abs(pictures[:, None] - pictures[None, :]).mean(axis=2) + 255 * np.eye(len(pictures))
    assert apart.min() > 5


def test_the_first_products_come_four_to_a_category_and_then_one_of_each():
    names = [category(k) for k in range(120)]
    assert names[:5] == [names[0]] * 4 + [names[4]]
    assert names[4] != names[0]
    assert len(set(names[:80])) == 20
    assert names[80:100] == names[100:120]
    assert len(set(names[80:100])) == 20


@pytest.mark.parametrize("size", [16, 17, 65, 66, 90])
def test_a_picture_has_the_size_asked_for(size):
    assert draw(Order(0, 3, 1, size), 0).shape == (1, size, size, 3)


def test_a_product_is_drawn_alike_at_any_size():
    """Reduced it is the smaller picture but for grain and antialiasing: the same pose, light and room."""
    small, large = (draw(Order(5, 10, 3, size), 4).astype(float) for size in (32, 64))
    reduced = large.reshape(3, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    for one, other in zip(small, reduced, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.85


def test_two_photos_of_a_product_differ_where_the_product_is_too(each):
    for first, second in each.values():
        assert np.abs(first[6:18, 6:18].astype(float) - second[6:18, 6:18]).mean() > 3


# Mean colors of the upper and lower half. Another processor may round otherwise, far within the tolerance.
VERSION_1 = {
    1: [[146.8, 143.6, 135.8], [141.8, 137.6, 132.5]],
    17: [[154.9, 153.5, 140.3], [153.6, 147.4, 134.5]],
    47: [[158.1, 148.8, 141.5], [181.4, 152.6, 119.7]],
    85: [[162.0, 162.8, 145.7], [158.9, 146.7, 124.1]],
}


@pytest.mark.parametrize("product", VERSION_1)
def test_pictures_that_change_need_another_version(product):
    """Caches and results are told apart by VERSION alone: raise it, then write the new colors here."""
    assert VERSION == 1
    (picture,) = draw(Order(0, 100, 1, 32), product)
    assert picture.reshape(2, 16, 32, 3).mean(axis=(1, 2)) == pytest.approx(
        np.array(VERSION_1[product]), abs=1
    )
