"""A gate is a sigmoid, and its work an element-by-element product."""

from __future__ import annotations

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from course.figures.parts import ROLES

STATE = np.array([0.8, -0.5, 0.3, 0.9, -0.2])
GATE = np.array([0.9, 0.1, 0.8, 0.2, 0.7])


def draw() -> tuple[Figure, dict]:
    """Draw sigmoid and tanh, and five units before and after a gate.

    Returns
    -------
    figure : matplotlib.figure.Figure
    data : dict
        ``passed (5,)``: what the gate lets through.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.3), layout="constrained")
    a = np.linspace(-6, 6, 241)
    left.plot(a, 1 / (1 + np.exp(-a)), color=ROLES["lit"], lw=2.4, label="σ(a): a share, 0 to 1")
    left.plot(a, np.tanh(a), color=ROLES["hidden"], lw=2.4, label="tanh(a): a value, −1 to 1")
    left.axhline(0, color="0.8", lw=1, zorder=0)
    left.text(-5.8, 0.12, "shut", color=ROLES["lit"])
    left.text(4.6, 0.78, "open", color=ROLES["lit"])
    left.set(
        xlabel="pre-activation a", ylabel="value", title="What gates and candidates are made of"
    )
    left.legend(loc="lower right")
    passed = GATE * STATE
    places = np.arange(len(STATE))
    right.axhline(0, color="0.8", lw=1, zorder=0)
    right.bar(places - 0.27, STATE, 0.25, color=ROLES["hidden"], label="state")
    right.bar(places, GATE, 0.25, color=ROLES["lit"], label="gate")
    right.bar(places + 0.27, passed, 0.25, color=ROLES["cell"], label="gate ⊙ state")
    right.set(xlabel="unit", ylabel="value", title="Every unit has a valve of its own")
    right.set_xticks(places, [str(i + 1) for i in places])
    right.set_ylim(-0.65, 1.45)
    right.legend(ncols=3, loc="upper center")
    return figure, {"passed": passed}
