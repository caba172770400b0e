"""How the next job of a sweep is chosen: what every search has in common, and the grid."""

from typing import Literal, Protocol

from vsr.errors import ConfigError
from vsr.sweeps.folder import Outcome, SweepFolder, Trial
from vsr.sweeps.space import Point, Space

Direction = Literal["maximize", "minimize"]


class Sweep:
    """What a sweep is of. No dataclass: Hydra would take those that it is given apart.

    Args:
        space: what varies.
        folder: where its jobs go.
        metric: by which they are compared.
        direction: maximize or minimize.
        default: the point of the configuration as it stands, where it lies in the space.
        resumes: whether a job that was killed goes on from what it left, rather than from the beginning.
    """

    def __init__(
        self,
        space: Space,
        folder: SweepFolder,
        metric: str = "val/map",
        direction: Direction = "maximize",
        default: Point | None = None,
        resumes: bool = False,
    ) -> None:
        self.space, self.folder, self.metric = space, folder, metric
        self.direction: Direction = direction
        self.default, self.resumes = default, resumes


class Search(Protocol):
    """Chooses jobs, one at a time, until there are ``total``.

    Attributes:
        name: of the method, for reports.
        total: number of jobs.
        guided: whether later jobs depend on the values of earlier ones, so that each needs one.
    """

    name: str
    total: int
    guided: bool

    def take(self) -> Trial | None:
        """The next job that no other process has; None when nothing is left to take."""
        ...

    def tell(self, trial: Trial, outcome: Outcome) -> None:
        """Hear what came of a job."""
        ...


class Grid:
    """Every combination, in order. Jobs that failed are tried again when the sweep is started again.

    Args:
        sweep: what is swept.

    Raises:
        ConfigError: an interval, of which there is no list of values.
    """

    name, guided = "grid", False

    def __init__(self, sweep: Sweep) -> None:
        for key in sweep.space.intervals():
            raise ConfigError(
                f"{key}: a grid needs a list of values, not an interval; use hydra/sweeper/search=optuna"
            )
        self.folder = sweep.folder
        self.points = list(sweep.space.grid())
        self.total = len(self.points)
        self._seen = {
            number for number, one in sweep.folder.ended().items() if one.state == "complete"
        }  # and those that this process has had

    def take(self) -> Trial | None:
        """The first job that is neither finished nor taken."""
        for number, point in enumerate(self.points):
            if number in self._seen or (lock := self.folder.claim(number)) is None:
                continue
            self._seen.add(number)
            outcome = self.folder.outcome(number)
            if outcome is not None and outcome.state == "complete":  # by another process, meanwhile
                lock.release()
                continue
            return Trial(number, point, lock)
        return None

    def tell(self, trial: Trial, outcome: Outcome) -> None:
        """Nothing depends on it."""
