"""Whatever way a student stores the weights of a recurrent layer, PyTorch's can be loaded."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from course.weights import load_torch_weights

GATES = {nn.RNN: 1, nn.LSTM: 4, nn.GRU: 3}


def layer_of(kind: type[nn.RNNBase] = nn.LSTM, D: int = 3, H: int = 5, **options) -> nn.RNNBase:
    """A PyTorch layer with random weights."""
    torch.manual_seed(7)
    return kind(D, H, batch_first=True, **options)


def parameters(*shapes: tuple[str, tuple[int, ...]]) -> nn.Module:
    """A module that stores plain parameters of these names and shapes, in this order."""
    module = nn.Module()
    for name, shape in shapes:
        module.register_parameter(name, nn.Parameter(torch.zeros(shape)))
    return module


def submodules(**children: nn.Module) -> nn.Module:
    """A module with these children, in this order."""
    module = nn.Module()
    for name, child in children.items():
        module.add_module(name, child)
    return module


def equal(own: torch.Tensor, theirs: torch.Tensor) -> bool:
    return torch.equal(own.detach(), theirs.detach())


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_layers": 2},
        {"bidirectional": True},
        {"num_layers": 2, "bidirectional": True},
        {"bias": False},
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_pytorch_names_at_any_depth(kind, options, wrapped):
    layer, own = layer_of(kind, **options), kind(3, 5, **options)
    load_torch_weights(submodules(encoder=submodules(rnn=own)) if wrapped else own, layer)
    for name, value in layer.state_dict().items():
        assert equal(own.state_dict()[name], value)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("D", [3, 5, 10, 15, 20])
@pytest.mark.parametrize(
    "names",
    [
        ("fwd", "bwd"),
        ("bwd", "fwd"),
        ("forward_rnn", "backward_rnn"),
        ("rnnBackward", "rnnForward"),
        ("left", "right"),
        ("a", "b"),
        ("rnn", "rnn_reverse"),
        ("reverse", "rnn"),
    ],
)
def test_one_way_layers_and_cells(kind, D, names):
    layer = layer_of(kind, D, bidirectional=True)
    cell = {nn.RNN: nn.RNNCell, nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell}[kind]
    backward = (
        names[1] if names[0] != "bwd" and names[0] not in {"reverse", "rnnBackward"} else names[0]
    )
    for make, end in ((kind, "_l0"), (cell, "")):
        module = submodules(**{name: make(D, 5) for name in names})
        load_torch_weights(module, layer)
        for name in names:
            way = "_reverse" if name == backward else ""
            for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
                own = getattr(getattr(module, name), part + end)
                assert equal(own, getattr(layer, f"{part}_l0{way}")), (name, part)


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("D", [3, 5, 7])
def test_course_orientation(kind, D):
    G, H = GATES[kind], 5
    layer = layer_of(kind, D, H)
    module = parameters(
        ("W_x", (D, G * H)), ("W_h", (H, G * H)), ("b_x", (G * H,)), ("b_h", (G * H,))
    )
    load_torch_weights(module, layer)
    assert equal(module.W_x, layer.weight_ih_l0.T)
    assert equal(module.W_h, layer.weight_hh_l0.T)
    assert equal(module.b_x, layer.bias_ih_l0)
    assert equal(module.b_h, layer.bias_hh_l0)


@pytest.mark.parametrize("D", [3, 5, 20])
def test_names_tell_the_two_matrices_apart_in_any_order(D):
    layer = layer_of(nn.LSTM, D)
    module = submodules(hidden=nn.Linear(5, 20), input=nn.Linear(D, 20))
    load_torch_weights(module, layer)
    assert equal(module.input.weight, layer.weight_ih_l0)
    assert equal(module.hidden.weight, layer.weight_hh_l0)
    assert equal(module.input.bias, layer.bias_ih_l0)
    assert equal(module.hidden.bias, layer.bias_hh_l0)


@pytest.mark.parametrize("D", [3, 5])
def test_one_bias_for_each_direction(D):
    layer = layer_of(nn.LSTM, D, bidirectional=True)
    shapes = (("W_x", (D, 20)), ("W_h", (5, 20)), ("b", (20,)))
    for names in (("{}_fwd", "{}_bwd"), ("{}1", "{}2")):
        module = parameters(*((n.format(name), s) for n in names for name, s in shapes))
        load_torch_weights(module, layer)
        for n, way in zip(names, ("", "_reverse"), strict=True):
            own = {name: module.get_parameter(n.format(name)) for name, _ in shapes}
            assert equal(own["W_x"], getattr(layer, f"weight_ih_l0{way}").T)
            assert equal(own["W_h"], getattr(layer, f"weight_hh_l0{way}").T)
            total = getattr(layer, f"bias_ih_l0{way}") + getattr(layer, f"bias_hh_l0{way}")
            assert equal(own["b"], total)


@pytest.mark.parametrize("D", [3, 5])
def test_directions_interleaved(D):
    layer = layer_of(nn.GRU, D, bidirectional=True)
    module = submodules(
        x_fwd=nn.Linear(D, 15),
        x_bwd=nn.Linear(D, 15),
        h_fwd=nn.Linear(5, 15),
        h_bwd=nn.Linear(5, 15),
    )
    load_torch_weights(module, layer)
    for way, end in (("fwd", ""), ("bwd", "_reverse")):
        x, h = module.get_submodule(f"x_{way}"), module.get_submodule(f"h_{way}")
        assert equal(x.weight, getattr(layer, f"weight_ih_l0{end}"))
        assert equal(h.weight, getattr(layer, f"weight_hh_l0{end}"))
        assert equal(x.bias, getattr(layer, f"bias_ih_l0{end}"))
        assert equal(h.bias, getattr(layer, f"bias_hh_l0{end}"))


def test_one_matrix_over_input_and_state():
    layer = layer_of(nn.LSTM, num_layers=2)
    module = submodules(first=nn.Linear(8, 20), second=nn.Linear(10, 20))
    load_torch_weights(module, layer)
    assert equal(module.first.weight, torch.cat([layer.weight_ih_l0, layer.weight_hh_l0], dim=1))
    assert equal(module.second.weight, torch.cat([layer.weight_ih_l1, layer.weight_hh_l1], dim=1))
    assert equal(module.second.bias, layer.bias_ih_l1 + layer.bias_hh_l1)


@pytest.mark.parametrize("D", [3, 5, 10])
def test_stacked_cells_of_two_directions(D):
    layer = layer_of(nn.LSTM, D, num_layers=2, bidirectional=True)
    module = submodules(
        fwd=nn.ModuleList([nn.LSTMCell(D, 5), nn.LSTMCell(10, 5)]),
        bwd=nn.ModuleList([nn.LSTMCell(D, 5), nn.LSTMCell(10, 5)]),
    )
    load_torch_weights(module, layer)
    for cells, way in ((module.fwd, ""), (module.bwd, "_reverse")):
        for depth, cell in enumerate(cells):
            assert equal(cell.weight_ih, getattr(layer, f"weight_ih_l{depth}{way}"))
            assert equal(cell.bias_hh, getattr(layer, f"bias_hh_l{depth}{way}"))


def test_stacked_cells_of_one_direction():
    layer = layer_of(nn.GRU, num_layers=2)
    module = submodules(cells=nn.ModuleList([nn.GRUCell(3, 5), nn.GRUCell(5, 5)]))
    load_torch_weights(module, layer)
    for depth, cell in enumerate(module.cells):
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            assert equal(getattr(cell, part), getattr(layer, f"{part}_l{depth}"))


@pytest.mark.parametrize(
    "module",
    [
        submodules(rnn=nn.LSTM(3, 5)),  # one chain for both directions
        submodules(fwd=nn.LSTM(3, 5), bwd=nn.LSTM(3, 4)),
        submodules(rnn=nn.LSTM(3, 5, bidirectional=True), head=nn.Linear(10, 2)),
        nn.Module(),
    ],
)
def test_a_module_that_does_not_match_is_named(module):
    with pytest.raises(ValueError, match="do not match: yours are"):
        load_torch_weights(module, layer_of(bidirectional=True))


def test_dtype_stays_the_module_s():
    module = submodules(fwd=nn.GRU(3, 5).double(), bwd=nn.GRU(3, 5).double())
    load_torch_weights(module, layer_of(nn.GRU, bidirectional=True))
    assert module.bwd.weight_hh_l0.dtype == torch.float64
