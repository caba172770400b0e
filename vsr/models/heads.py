"""From pooled features (B, C) to embeddings (B, D)."""

from torch import nn

from vsr.errors import ConfigError, nearest

HEADS = ("none", "linear", "mlp")


def build_head(
    head: str, channels: int, width: int | None, hidden_width: int | None
) -> tuple[nn.Module, int]:
    """The head called ``head``, and D.

    Raises:
        ConfigError: no head has that name, or a width cannot be.
    """
    for name, value in (("width", width), ("hidden_width", hidden_width)):
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be >= 1 or null, got {value}")
    if head == "none":
        if width not in (None, channels):
            raise ConfigError(
                f"head=none gives the backbone's own {channels} numbers, but width is {width}; "
                "set width to null, or head to linear"
            )
        return nn.Identity(), channels
    width = width or channels
    if head == "linear":
        return _last_layer(channels, width), width
    if head == "mlp":
        hidden = hidden_width or channels
        return nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), _last_layer(hidden, width)), width
    raise ConfigError(f"head must be none, linear or mlp, got {head!r}{nearest(head, HEADS)}")


def _last_layer(channels: int, width: int) -> nn.Linear:
    """A linear layer that starts without a bias: on weak features it would be the same embedding for all."""
    layer = nn.Linear(channels, width)
    nn.init.zeros_(layer.bias)
    return layer
