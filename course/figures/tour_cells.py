"""What the guided tour measures: small recurrent cells, with weights set by hand or random.

The cells are PyTorch's own. The lessons build them from nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

CELLS: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
SEEDS = range(5)


def make_cell(kind: str, D: int, H: int, seed: int, hold: float | None = 4.0) -> nn.RNNBase:
    """Make a recurrent layer with random weights, set up to remember.

    Parameters
    ----------
    kind : str
        ``"rnn"``, ``"gru"`` or ``"lstm"``.
    D, H : int
        Input features and hidden units.
    seed : int
        Seed of the weights.
    hold : float, optional
        Bias of the gate that keeps the old state: 4 keeps 98 % of it at each step, and as little
        of the new is written. The vanilla RNN has no gate; it gets an orthogonal recurrent matrix,
        which neither shrinks nor stretches. ``None``: as PyTorch initialises them.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cell = CELLS[kind](D, H, batch_first=True)
        if hold is not None:
            with torch.no_grad():
                if kind == "rnn":
                    nn.init.orthogonal_(cell.weight_hh_l0)
                else:  # the second block of H rows: z of a GRU, f of an LSTM
                    cell.bias_ih_l0[H : 2 * H] = hold
                    cell.bias_hh_l0[H : 2 * H] = 0.0
                if kind == "lstm":  # its first block is i; a GRU writes what it does not keep
                    cell.bias_ih_l0[:H] = -hold
                    cell.bias_hh_l0[:H] = 0.0
    return cell


def states_over_text(kind: str, text: str, H: int = 16, seed: int = 0) -> np.ndarray:
    """Run an untrained cell over a line of text.

    Returns
    -------
    numpy.ndarray, shape (T, H)
        Its state after each character.
    """
    alphabet = sorted(set(text))
    ids = torch.tensor([[alphabet.index(character) for character in text]])
    x = nn.functional.one_hot(ids, len(alphabet)).float() * 2
    with torch.no_grad():
        return make_cell(kind, len(alphabet), H, seed)(x)[0][0].numpy()


def influence(cell: nn.RNNBase, T: int, loudness: float, seed: int, N: int = 8) -> np.ndarray:
    """Measure how much the last state feels the input so many steps earlier.

    The gradient of a random combination of the last state, for a batch of random inputs.

    Parameters
    ----------
    cell : torch.nn.RNNBase
    T : int
        Steps.
    loudness : float
        Standard deviation of the input.
    seed : int
        Seed of the inputs.
    N : int
        Sequences that are averaged.

    Returns
    -------
    numpy.ndarray, shape (T,)
        Gradient norm at distances 0, 1, ..., T - 1, as a share of the one at distance 0.
    """
    generator = torch.Generator().manual_seed(seed)
    x = loudness * torch.randn(N, T, cell.input_size, generator=generator)
    x.requires_grad_()
    combination = torch.randn(N, cell.hidden_size, generator=generator)
    (gradient,) = torch.autograd.grad((cell(x)[0][:, -1] * combination).sum(), x)
    norms = gradient.norm(dim=2).mean(dim=0).flip(0).double().numpy()
    return norms / norms[0]


def rnn_of_radius(radius: float, D: int, H: int, seed: int) -> nn.RNNBase:
    """Make a vanilla RNN whose recurrent matrix is orthogonal, times a number."""
    cell = make_cell("rnn", D, H, seed)
    with torch.no_grad():
        cell.weight_hh_l0 *= radius
    return cell


def latch(values: np.ndarray, marks: np.ndarray, bias: float) -> dict[str, np.ndarray]:
    """Run one LSTM unit, set by hand, that keeps the last marked number.

    Its gates look at the mark alone. A mark closes the forget gate (the old number goes) and opens
    the input gate (the new one comes in); between marks the forget gate stands at its bias.

    Parameters
    ----------
    values : numpy.ndarray, shape (T,)
        Numbers between -0.8 and 0.8.
    marks : numpy.ndarray, shape (T,)
        1 where a number is to be kept, else 0.
    bias : float
        Bias of the forget gate.

    Returns
    -------
    dict of str to numpy.ndarray
        ``input gate``, ``forget gate`` and ``cell``, each ``(T,)``.
    """
    cell = nn.LSTM(2, 1, batch_first=True).double()
    swing = 16.0
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        # Rows are i, f, g, o; columns are the number and its mark.
        cell.weight_ih_l0.copy_(torch.tensor([[0, swing], [0, -swing - bias], [1, 0], [0, 0]]))
        cell.bias_ih_l0.copy_(torch.tensor([-swing / 2, bias, 0, 20]))
        numbers = torch.from_numpy(np.arctanh(values))
        x = torch.stack([numbers, torch.from_numpy(marks).double()], dim=1)[None]
        h = cell(x)[0][0, :, 0].numpy()  # the output gate is open: h = tanh(c)
    return {
        "input gate": 1 / (1 + np.exp(-(swing * marks - swing / 2))),
        "forget gate": 1 / (1 + np.exp(-(bias - (swing + bias) * marks))),
        "cell": np.arctanh(h),
    }


def recall_batch(
    N: int, T: int, symbols: int, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw sequences whose first symbol is to be named at the end; the rest is noise.

    Returns
    -------
    x : torch.Tensor, shape (N, T, 2 * symbols)
        One-hot times 3: the first step is one of the symbols, all others are one of as many noises.
    targets : torch.Tensor, shape (N,)
    """
    ids = torch.randint(symbols, (N, T), generator=generator)
    targets = ids[:, 0].clone()
    ids[:, 1:] += symbols
    return 3 * nn.functional.one_hot(ids, 2 * symbols).float(), targets


def learn_recall(
    kind: str, seed: int, T: int = 50, updates: int = 60, symbols: int = 4, H: int = 16
) -> np.ndarray:
    """Train a cell to name the first of ``T`` symbols.

    Returns
    -------
    numpy.ndarray, shape (updates // 10 + 1,)
        Accuracy on fresh sequences before the training and after every ten updates.
    """
    generator = torch.Generator().manual_seed(seed)
    cell = make_cell(kind, 2 * symbols, H, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        read_out = nn.Linear(H, symbols)
    parameters = [*cell.parameters(), *read_out.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.03)
    fresh, answers = recall_batch(100, T, symbols, torch.Generator().manual_seed(1000 + seed))
    accuracies = []
    for update in range(updates + 1):
        if update % 10 == 0:
            with torch.no_grad():
                said = read_out(cell(fresh)[0][:, -1]).argmax(dim=1)
            accuracies.append(float((said == answers).float().mean()))
        x, targets = recall_batch(24, T, symbols, generator)
        loss = nn.functional.cross_entropy(read_out(cell(x)[0][:, -1]), targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
    return np.array(accuracies)


def surprise(train: str, held_out: str, seen: Sequence[int]) -> dict[str, np.ndarray]:
    """Measure the surprise of a table that counts what followed the last letters.

    Parameters
    ----------
    train, held_out : str
        The text that is counted, and a text that is not.
    seen : sequence of int
        How many of the last characters the table may look at.

    Returns
    -------
    dict of str to numpy.ndarray
        ``counted`` and ``new``: mean bits per character on each text.
    """
    alphabet = np.unique(list(train + held_out))
    ids, new = (np.searchsorted(alphabet, list(text)) for text in (train, held_out))
    size = len(alphabet)
    bits: dict[str, list[float]] = {"counted": [], "new": []}
    for k in seen:
        contexts, pairs = _codes(ids, k, size)
        context_table, pair_table = _counts(contexts), _counts(pairs)
        for name, text in (("counted", ids), ("new", new)):
            context, pair = _codes(text, k, size)
            share = (_look_up(pair_table, pair) + 0.1) / (
                _look_up(context_table, context) + 0.1 * size
            )
            bits[name].append(float(-np.log2(share).mean()))
    return {name: np.array(values) for name, values in bits.items()}


def _codes(ids: np.ndarray, k: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """One number for each stretch of ``k`` characters, and for it with the next one."""
    n = len(ids) - k
    contexts = np.zeros(n, dtype=np.int64)
    for j in range(k):
        contexts = contexts * size + ids[j : j + n]
    return contexts, contexts * size + ids[k:]


def _counts(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(codes, return_counts=True)


def _look_up(table: tuple[np.ndarray, np.ndarray], codes: np.ndarray) -> np.ndarray:
    """How often each code was counted."""
    known, counts = table
    place = np.searchsorted(known, codes).clip(max=len(known) - 1)
    return np.where(known[place] == codes, counts[place], 0)
