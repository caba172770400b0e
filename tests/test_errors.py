from vsr.errors import nearest


def test_alike_names_come_first():
    assert nearest("resnet5O", ["resnet50", "vit_b_16"]) == "; did you mean 'resnet50'?"


def test_without_anything_alike_all_choices_are_listed():
    assert nearest("x", ["b", "a"]) == "; choose from a, b"


def test_without_choices_nothing_is_said():
    assert nearest("x", []) == ""
