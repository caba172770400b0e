"""A job's line in the terminal."""

from vsr.display.trial_line import trial_line


def test_a_job_that_is_the_best_so_far():
    line = trial_line(
        2, (3, 20), {"optimizer.lr": 0.000312345}, "complete", "val/map", 0.2401, (2, 0.2401), None, 250
    )
    assert (
        line.plain == " 3/20  job 2   optimizer.lr=0.0003123  val/map 0.240  best 0.240 (job 2)  4 min left"
    )


def test_a_failed_job_tells_its_error_instead_of_a_value():
    line = trial_line(0, (1, 2), {"loss": "supcon"}, "failed", "val/map", None, None, "no such picture", 9000)
    assert line.plain == "1/2  job 0  loss=supcon  failed: no such picture  2.5 h left"


def test_a_pruned_job_keeps_its_value_and_nothing_is_left_at_the_end():
    line = trial_line(1, (2, 2), {"x": 1}, "pruned", "val/map", 0.1, (0, 0.2), None, 0.0)
    assert line.plain == "2/2  job 1  x=1  val/map 0.100 pruned  best 0.200 (job 0)"
