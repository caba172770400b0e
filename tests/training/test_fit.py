from vsr.training.fit import differing


def test_differences_are_named_by_dotted_key_and_ckpt_path_is_none():
    before = {"loss": {"temperature": 0.1}, "seed": 0, "ckpt_path": None}
    now = {"loss": {"temperature": 0.2}, "seed": 0, "ckpt_path": "last", "new": 1}
    assert differing(before, now) == ["loss.temperature (0.1 then, 0.2 now)", "new (None then, 1 now)"]
