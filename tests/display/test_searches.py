import numpy as np
import pytest
from PIL import Image, ImageDraw

from vsr.display.marks import MARKS, badge, frame
from vsr.display.searches import Result, Search, draw_searches, searches_picture

RELEVANCES = list(MARKS)


def photo(seed, height=120, width=160):
    """Something with the detail of a photograph: smooth shapes and some grain."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), float)
    return np.clip(smooth + random.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8)


def search(seed=0, n=10, **changes):
    results = [Result(photo(seed + i), 0.9 - i / 20, RELEVANCES[i % 4], f"mug-{i:04}") for i in range(n)]
    return Search(
        **{"picture": photo(seed), "caption": "mug-0000", "results": results, "n_relevant": 4} | changes
    )


def test_eight_searches_of_photographs_stay_under_300_kb(tmp_path):
    draw_searches([search(10 * i) for i in range(8)], tmp_path / "searches.jpg", "Example searches")
    assert (tmp_path / "searches.jpg").stat().st_size <= 300_000


def test_a_png_can_be_asked_for(tmp_path):
    draw_searches([search()], tmp_path / "searches.png", "Example searches")
    with Image.open(tmp_path / "searches.png") as picture:
        assert picture.format == "PNG"


def test_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.png, \.jpg or \.jpeg, got '\.gif'"):
        draw_searches([search()], tmp_path / "searches.gif", "Example searches")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("n", [0, 1, 7, 10, 25])
def test_any_number_of_results_makes_a_picture_of_the_same_width(n):
    assert searches_picture([search(n=n)], "few").width == searches_picture([search()], "ten").width


def test_no_search_at_all_makes_a_picture():
    assert searches_picture([], "Nothing").width > 1000


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (400, 3), (1000, 700)])
def test_pictures_of_any_shape_keep_it(shape):
    red = np.zeros((*shape, 3), np.uint8)
    red[..., 0] = 255
    picture = np.asarray(searches_picture([search(picture=red, n=0)], "t", thumbnail=96).convert("RGB"))
    is_red = (picture[..., 0] > 200) & (picture[..., 1] < 60) & (picture[..., 2] < 60)
    rows, columns = np.flatnonzero(is_red.any(1)), np.flatnonzero(is_red.any(0))
    drawn = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    assert max(drawn) == 96
    assert drawn == pytest.approx(tuple(max(1, round(96 * side / max(shape))) for side in shape), abs=1)


def test_a_picture_that_cannot_be_shown_leaves_a_note_in_its_place():
    searches_picture([search(picture=None, results=[Result(None, float("-inf"), "wrong")])], "t")


def test_captions_of_any_script_and_length_are_drawn():
    wild = "a_very_long_caption_without_any_blank " * 9 + "商品 \n\t Ünïcode <b>&amp;"
    result = Result(photo(1), 0.5, "right", wild)
    assert searches_picture([search(caption=wild, results=[result], metric="AP 0.5")], wild * 3).width == (
        searches_picture([search()], "t").width
    )


def test_marks_differ_without_color():
    def gray(relevance):
        image = Image.new("L", (120, 120), 255)
        draw = ImageDraw.Draw(image)
        frame(draw, (10, 10, 110, 110), relevance)
        lines = np.asarray(image) < 255
        symbol = np.asarray(badge(relevance).convert("RGB")).min(axis=2) > 230  # white strokes on the disc
        return lines, symbol

    drawn = [gray(relevance) for relevance in RELEVANCES]
    for i, (lines, symbol) in enumerate(drawn):
        for other_lines, other_symbol in drawn[i + 1 :]:
            assert (lines != other_lines).sum() > 100
            assert (symbol != other_symbol).sum() > 10


def test_ignored_results_take_no_rank(monkeypatch):
    ranks = []
    monkeypatch.setattr(
        "vsr.display.searches._Sheet._result", lambda sheet, result, rank, corner: ranks.append(rank)
    )
    results = [Result(photo(0), 1.0, relevance) for relevance in ("wrong", "ignored", "right")]
    searches_picture([search(results=results)], "t")
    assert ranks == [1, 1, 2]
