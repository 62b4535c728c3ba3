"""What the made-up class writes to the two written questions: right, half right, wrong, nothing.

Nobody hands in the model answer. Whoever is not named for a question has left it as it was.
"""

from __future__ import annotations

ANSWERS: dict[str, dict[str, str]] = {
    "without_tanh": {
        "ada": r"""
1. $h_1 = x_1 W_x$, $h_2 = x_2 W_x + x_1 W_x W_h$, so
$$h_3 = x_3 W_x + x_2 W_x W_h + x_1 W_x W_h^2.$$
For any $T$ the state is a linear function of the inputs.
2. The read-out of a linear state is linear too, and no straight line has (0, 1) and (1, 0) on one
side and (0, 0) and (1, 1) on the other. A larger `H` gives the same line in a longer way. With
`tanh` one unit can say "at least one", another "both", and the read-out takes the difference.
3. $x_1$ arrives multiplied by $W_h^{T-1}$, so it grows or dies like the largest eigenvalue to the
power $T - 1$: the straight line on the logarithmic axis.
4. The loss went down, because linear prediction from the last letters is not bad. I would double
the input and see whether the state doubles exactly.
""",
        "ben": r"""
(1) $h_3 = x_1 W_x W_h W_h + x_2 W_x W_h + x_3 W_x$, linear for every $T$.
(2) Exclusive-or is not linearly separable: both pairs have the same midpoint (0.5, 0.5), which
would have to be on both sides. More units change nothing, since a product of matrices is a
matrix. `tanh` bends the plane.
(3) By powers of $W_h$: exponentially, as in the figure.
(4) It learned something. Compare its states with `nn.RNN` under the same weights.
""",
        "cleo": r"""
The state is $h_T = \sum_{t=1}^{T} x_t W_x W_h^{T-t}$, an affine map of the inputs (linear when
$b = 0$). Affine maps cannot do XOR, with however many units: the logits at (0,0) and (1,1) add up
to those at (0,1) and (1,0). With tanh that sum is broken. The share of $x_1$ shrinks or grows
with $\lambda^{T-1}$, which is a straight line in the figure of part 2. Nobody saw it because the
samples looked like text; a histogram of $|h|$ with values above 1 would have shown it.
""",
        "finn": r"""
1. $h_3 = x_3 W_x + x_2 W_x W_h + x_1 W_x W_h^2$. It is linear.
2. Because it is XOR, and XOR is known to be hard for linear models.
3. It is multiplied with $W_h$ again at every step.
4. The loss would be higher than that of a real RNN.
""",
        "gil": r"""
I think tanh only keeps the numbers between -1 and 1. Without it the states get large, so one has
to clip them, but the network can learn the same things if `H` is large enough. You would see it
in the loss.
""",
        "hana": r"""
$h_3 = (x_1 + x_2 + x_3) W_x$. It is linear, therefore it cannot learn exclusive-or: there is no
line between the classes. The influence of $x_1$ does not depend on $T$. I would look at whether
any $|h|$ is above 1.
""",
        "jo": "It is linear, so it cannot do XOR.",
        "lea": r"""
1. $h_3 = x_3 W_x + (x_2 W_x + x_1 W_x W_h) W_h$
2. linear -> only half-planes -> the four corners of XOR cannot be divided like this, for any H,
because rank does not matter.
3. $W_h^{T-1}$ -> eigenvalues above 1 explode, below 1 vanish, straight line on log paper
4. one-hot inputs make even a linear model a table of letter pairs, so the loss falls. Test:
$h(x + x') = h(x) + h(x')$
""",
        "nia": r"""
The state would be $\tanh$ of a sum, so it stays bounded, and $x_1$ is forgotten after some steps.
""",
        "sam": "",
    },
    "question_two_illnesses": {
        "ada": r"""
Clipping shortens the whole gradient and keeps its direction. That stops the single huge step that
made the `nan`. The second illness is a ratio: what comes from far back is tiny beside what comes
from the last steps, and clipping multiplies both by the same number. So I would plot the norm of
the gradient against the distance. The norm for `W_h` is a sum over all steps, and the recent ones
fill it. A higher threshold changes nothing about the ratio and may bring back the `nan`. I would
try an LSTM or a GRU, or an orthogonal start.
""",
        "ben": r"""
Exploding: one step is too long, clipping cuts it. Vanishing: the far part is multiplied by
$0.9^{20}$ or so, and scaling everything cannot repair that. Measure $\|dh_T/dh_t\|$ over $T - t$.
The plan is no good. Better: a gated cell.
""",
        "cleo": r"""
The colleague mixes up size and share. `W_h` is used at every step, and its gradient is the sum of
all of them, so a healthy norm says nothing about step 1. I would look at the gradient with
respect to the *inputs*, step by step, on a logarithmic axis; then check that nobody truncates
BPTT at 20. Raising the threshold: no. Spectral radius near 1 or gates: yes.
""",
        "dan": r"""
Clipping cured the first one because the gradient was too large. For the second one it is too
small, so it should be scaled up instead, for example by 10.
""",
        "finn": r"""
The plan is good: with a larger threshold more of the gradient comes through from the early steps.
""",
        "hana": r"""
Clipping limits the length of the update, which is what produced `nan`. It cannot bring back what
has vanished.
""",
        "ivan": "",
        "kai": r"""
I clip each array by itself, so for me the near and the far part change differently, but with the
global norm they keep their ratio. That is why it helps against `nan` only. I would use a GRU.
""",
        "lea": r"""
Measure the norms against distance, not for `W_h`, where recent steps dominate. Use LSTM.
""",
        "oli": "I did not have time for this one, sorry.",
        "rob": r"""
The gradient of a step far back is a product of Jacobians. If they are above 1 it explodes, below
1 it vanishes. Clipping is one factor for everything. One should measure dh_T/dh_t, and initialise
$W_h$ with eigenvalues near 1.
""",
    },
}
"""Markdown by question and student, with a line break around it."""
