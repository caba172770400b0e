"""Batches of labels that the model confuses: near each other by their mean embeddings."""

import numpy as np
import torch
from torch import Tensor

from vsr.data.samplers.label_groups import check_groups, draw_groups, members, spread


class HardClassBatches:
    """P labels that lie near each other, K examples of each.

    As in `BalancedBatches` every label's examples are cut into groups of K, and the same number of groups
    goes to the same number of batches. But once `learn` has told the mean embedding of each label, batches
    are filled one after the other: with a label drawn by chance and those nearest to it (by cosine) that
    still have a group left. A label with as many groups left as there are batches goes into every one of
    them, so that none is lost. The last batches of an epoch are made of what is left and are less hard. Until
    `learn` is called, and for labels it does not tell of, companions are drawn by chance.

    Refresh the means every epoch: `vsr.training.ClassMeans` does, from the embeddings of the training steps.
    Choosing takes time that grows with the square of the number of labels: 0.5 s an epoch for 11,000.

    Args:
        batch_size: P × K, examples a batch.
        per_label: K.
        neighborhoods: a batch holds so many labels drawn by chance, each with its nearest. 1 is hardest.

    Raises:
        ValueError: ``per_label`` < 1, ``batch_size`` is not at least 2 × ``per_label`` and a multiple of it,
            or ``neighborhoods`` is not in 1..P.
    """

    def __init__(self, batch_size: int, per_label: int = 4, neighborhoods: int = 1) -> None:
        check_groups(batch_size, per_label)
        if not 1 <= neighborhoods <= batch_size // per_label:
            raise ValueError(
                f"neighborhoods must be in 1..{batch_size // per_label} (the labels of a batch), got "
                f"{neighborhoods}"
            )
        self.batch_size = batch_size
        self.per_label = per_label
        self.neighborhoods = neighborhoods
        self._known = np.empty(0, dtype=np.int64)  # rising
        self._means = np.empty((0, 0), dtype=np.float32)

    def learn(self, labels: Tensor, means: Tensor) -> None:
        """Take the mean embeddings (C, D) of labels (C,), from which the next epochs are dealt out."""
        order = torch.argsort(labels)
        self._known = labels[order].numpy()
        self._means = torch.nn.functional.normalize(means[order].float(), dim=1).numpy()

    def batches(self, labels: Tensor, generator: torch.Generator) -> list[list[int]]:
        """Batches of groups that share the finest label in ``labels`` (E, L)."""
        fine = labels[:, 0].numpy()
        groups = draw_groups(fine, self.per_label, generator)
        label = fine[groups[:, 0]]
        dealt = spread(label, self.batch_size // self.per_label, generator)
        if dealt and len(self._known):
            dealt = self._near(label, dealt, generator)
        return [members(groups[batch]) for batch in dealt]

    def _near(
        self, label: np.ndarray, dealt: list[np.ndarray], generator: torch.Generator
    ) -> list[np.ndarray]:
        """The groups in ``dealt``, of ``label`` (G,), dealt out anew into batches of the same sizes."""
        random = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
        waiting: dict[int, list[int]] = {}
        for group in np.concatenate(dealt).tolist():
            waiting.setdefault(int(label[group]), []).append(group)
        classes = random.permutation(sorted(waiting))  # equally near ones are taken by chance
        means = self._means_of(classes)
        left = np.array([len(waiting[one]) for one in classes.tolist()])
        batches: list[np.ndarray] = []
        for number, size in enumerate(sorted(map(len, dealt), reverse=True)):
            chosen = self._choose(means, left, len(dealt) - number, size, random)
            left[chosen] -= 1
            batches.append(np.array([waiting[one].pop() for one in classes[chosen].tolist()]))
        return [batches[n] for n in random.permutation(len(batches))]

    def _choose(
        self, means: np.ndarray, left: np.ndarray, n_batches: int, size: int, random: np.random.Generator
    ) -> np.ndarray:
        """Which ``size`` classes share a batch; ``left`` (C,) of their groups wait for ``n_batches``."""
        chosen = np.flatnonzero(left == n_batches)  # those that no later batch could make up for
        open_ = left > 0
        open_[chosen] = False
        for part in range(self.neighborhoods):
            take = -(-(size - len(chosen)) // (self.neighborhoods - part))
            if take <= 0:
                continue
            center = random.choice(chosen if part == 0 and len(chosen) else np.flatnonzero(open_))
            nearness = np.where(open_, means @ means[center], -np.inf)
            if open_[center]:
                nearness[center] = np.inf
            nearest = np.argpartition(-nearness, take - 1)[:take]
            chosen = np.concatenate([chosen, nearest])
            open_[nearest] = False
        return chosen

    def _means_of(self, classes: np.ndarray) -> np.ndarray:
        """Unit means (C, D) of ``classes`` (C,); zero, neither near nor far, for those never told of."""
        at = np.searchsorted(self._known, classes).clip(max=len(self._known) - 1)
        told = self._known[at] == classes
        return np.where(told[:, None], self._means[at], 0)
