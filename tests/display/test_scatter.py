from itertools import pairwise

import numpy as np

from vsr.display.scatter import OTHERS, SHAPES, looks, members, path


def test_no_two_looks_agree_in_color_and_shape():
    found = looks([f"c{i}" for i in range(21)])
    assert len({(look.color, look.shape) for look in found}) == 21
    assert all(a.color != b.color and a.shape != b.shape for a, b in pairwise(found))


def test_rare_categories_share_a_look_at_the_end():
    groups = [f"c{i}" for i in range(40) for _ in range(40 - i)]
    found = looks(groups)
    assert len(found) == 21
    assert found[-1].name == OTHERS
    assert sum(look.n for look in found) == len(groups)
    which = members(groups, found)
    assert [int((which == n).sum()) for n in range(21)] == [look.n for look in found]
    assert [look.n for look in found[:-1]] == list(range(40, 20, -1))


def test_no_points_have_no_look():
    assert looks([]) == []


def test_a_path_goes_round_each_place():
    drawn = path("square", np.array([[10.0, 20.0], [30.0, 5.0]]), 10)
    assert drawn.count("M") == drawn.count("z") == 2
    assert drawn.startswith("M1.0,11.0l18.0,0.0 0.0,18.0 -18.0,0.0z")


def test_shapes_are_about_as_large_as_each_other():
    def area(corners):
        x, y = np.array(corners).T
        return abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2

    areas = [area(corners) for corners in SHAPES.values()]
    assert max(areas) < 1.6 * min(areas)
