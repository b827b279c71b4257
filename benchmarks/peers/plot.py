"""`plot.py FILE < JSON`: the figures as a picture; run in the peers' environment, which has matplotlib."""

from __future__ import annotations

import json
import sys
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt


def main() -> None:
    """Draw."""
    data = json.load(sys.stdin)
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5))
    _capacity(left, data["capacity"])
    _growth(right, data["growth"])
    figure.tight_layout()
    figure.savefig(sys.argv[1], dpi=110)


def _capacity(axes: Any, capacity: dict[str, int]) -> None:
    bars = axes.barh(list(capacity), list(capacity.values()), color="#3b6ea5")
    axes.bar_label(bars, padding=3)
    axes.invert_yaxis()
    axes.set_title("live calls on one core")
    axes.spines[["top", "right"]].set_visible(False)


def _growth(axes: Any, growth: dict[str, list[list[float]]]) -> None:
    for name, points in growth.items():
        axes.plot([x for x, _ in points], [y for _, y in points], marker="o", label=name)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("calls")
    axes.set_title("CPU of the server, us a frame pair")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


main()
