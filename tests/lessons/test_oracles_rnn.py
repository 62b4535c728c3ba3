"""The solutions of 01_rnn against PyTorch and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course.weights import load_torch_weights
from tests.support.oracles import as_tensors, assert_close, draw, gradients, load, solution_of

SIZES = [(3, 4, 5, 6), (1, 1, 2, 3), (2, 7, 3, 1)]


@pytest.fixture(scope="module")
def rnn():
    return solution_of("01_rnn/vanilla_rnn")


@pytest.fixture(scope="module")
def vanishing():
    return solution_of("01_rnn/vanishing_gradients")


def weights(D, H, seed=0):
    return draw(seed, (D, H), (H, H), (H,))


@pytest.mark.parametrize(("N", "T", "D", "H"), SIZES)
def test_forward_is_nn_rnn(rnn, N, T, D, H):
    x, h0 = draw(1, (N, T, D), (N, H))
    W_x, W_h, b = weights(D, H)
    layer = torch.nn.RNN(D, H, batch_first=True).double()
    load(layer, W_x, W_h, b)
    expected, _ = layer(torch.tensor(x), torch.tensor(h0)[None])
    h, _ = rnn["rnn_forward"](x, h0, W_x, W_h, b)
    assert_close(h, expected)
    step, _ = rnn["rnn_step"](x[:, 0], h0, W_x, W_h, b)
    assert_close(step, expected[:, 0])


@pytest.mark.parametrize(("N", "T", "D", "H"), SIZES)
def test_backward_is_autograd(rnn, N, T, D, H):
    x, h0, dh = draw(2, (N, T, D), (N, H), (N, T, H))
    W = weights(D, H)
    _, cache = rnn["rnn_forward"](x, h0, *W)
    found = rnn["rnn_backward"](dh, cache)
    inputs = as_tensors(x, h0, *W)
    state, states = inputs[1], []
    for t in range(T):
        state = torch.tanh(inputs[0][:, t] @ inputs[2] + state @ inputs[3] + inputs[4])
        states.append(state)
    for got, want in zip(found, gradients(torch.stack(states, 1), dh, inputs), strict=True):
        assert_close(got, want)


@pytest.mark.parametrize(("N", "T", "D", "H"), SIZES)
def test_step_backward_is_autograd(rnn, N, T, D, H):
    x, h_prev, dh = draw(3, (N, D), (N, H), (N, H))
    W = weights(D, H)
    _, cache = rnn["rnn_step"](x, h_prev, *W)
    inputs = as_tensors(x, h_prev, *W)
    h = torch.tanh(inputs[0] @ inputs[2] + inputs[1] @ inputs[3] + inputs[4])
    found = rnn["rnn_step_backward"](dh, cache)
    for got, want in zip(found, gradients(h, dh, inputs), strict=True):
        assert_close(got, want)


def test_numerical_gradient_is_the_derivative(rnn):
    (x,) = draw(4, (2, 3, 4))
    got = rnn["numerical_gradient"](lambda v: float(np.sum(np.sin(v) * v**2)), x)
    assert_close(got, np.cos(x) * x**2 + 2 * x * np.sin(x), 1e-7)


@pytest.mark.parametrize(("N", "T", "C"), [(3, 4, 5), (1, 1, 2), (2, 6, 3)])
def test_cross_entropy_is_torchs(rnn, N, T, C):
    rng = np.random.default_rng(5)
    logits = 10 * rng.normal(size=(N, T, C))
    targets, mask = rng.integers(C, size=(N, T)), rng.random((N, T)) < 0.7
    mask[0, 0] = True
    tensor = torch.tensor(logits, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(
        tensor[torch.tensor(mask)], torch.tensor(targets)[torch.tensor(mask)]
    )
    expected.backward()
    loss, dlogits = rnn["softmax_cross_entropy"](logits, targets, mask)
    assert_close(loss, expected)
    assert_close(dlogits, tensor.grad)


def test_cross_entropy_is_stable(rnn):
    logits = np.array([[[1e4, -1e4, 0.0]]])
    mask = np.ones((1, 1), dtype=bool)
    loss, dlogits = rnn["softmax_cross_entropy"](logits, np.array([[1]]), mask)
    assert loss == pytest.approx(2e4)
    assert_close(dlogits, [[[1.0, -1.0, 0.0]]])


@pytest.mark.parametrize(("D", "H", "C"), [(3, 5, 2), (1, 1, 1), (10, 7, 4)])
def test_count_is_the_number_of_numbers(rnn, D, H, C):
    layer, head = torch.nn.RNN(D, H), torch.nn.Linear(H, C)
    total = sum(p.numel() for p in [*layer.parameters(), *head.parameters()])
    assert rnn["count_rnn_parameters"](D, H, C) == total - H  # PyTorch keeps two biases


@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize(("N", "T", "D", "H"), SIZES)
def test_module_is_nn_rnn(rnn, N, T, D, H, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    torch.manual_seed(0)
    layer = torch.nn.RNN(D, H, batch_first=True).double().to(device)
    module = rnn["VanillaRNN"](D, H).double().to(device)
    load_torch_weights(module, layer)
    x, h0 = (torch.tensor(a, device=device) for a in draw(6, (N, T, D), (N, H)))
    for state in (None, h0):
        expected, last = layer(x, None if state is None else state[None])
        h, h_n = module(x, state)
        assert h.device.type == device
        assert_close(h.cpu(), expected.cpu())
        assert_close(h_n.cpu(), last[0].cpu())


@pytest.mark.parametrize("radius", [0.5, 1.0, 1.7])
def test_spectral_radius(vanishing, radius):
    (W,) = draw(7, (6, 6))
    scaled = vanishing["scale_spectral_radius"](W, radius)
    assert np.abs(np.linalg.eigvals(scaled)).max() == pytest.approx(radius)
    assert_close(scaled / scaled[0, 0], W / W[0, 0])


@pytest.mark.parametrize("max_norm", [0.1, 1.0, 100.0])
def test_clipping_is_torchs(vanishing, max_norm):
    grads = draw(8, (3, 4), (5,), (2, 2, 2))
    parameters = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = torch.tensor(grad)
    expected = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    clipped, total = vanishing["clip_grad_norm"](grads, max_norm)
    assert_close(total, expected)
    for got, parameter in zip(clipped, parameters, strict=True):
        assert_close(got, parameter.grad, 1e-6)


def test_gradient_norms_are_those_of_autograds_jacobian(vanishing):
    N, T, D, H = 2, 5, 3, 4
    x, h0 = draw(9, (N, T, D), (N, H))
    W_x, W_h, b = weights(D, H)
    states = np.zeros((N, T, H))
    expected = np.zeros(T)
    for n in range(N):
        h = torch.tensor(h0[n])
        track = []
        for t in range(T):
            h = torch.tanh(torch.tensor(x[n, t] @ W_x + b) + h @ torch.tensor(W_h))
            h = h.detach().requires_grad_() if t == 0 else h
            h.retain_grad()
            track.append(h)
            states[n, t] = h.detach().numpy()
        for t in range(T):
            rows = [
                torch.autograd.grad(track[-1][j], track[t], retain_graph=True)[0].numpy()
                for j in range(H)
            ]
            expected[t] += np.linalg.norm(np.stack(rows), 2) / N
    assert_close(vanishing["gradient_norms"](W_h, states), expected)


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7, 9])
def test_truncated_bptt_is_autograd_with_the_state_detached_at_cuts(vanishing, k):
    N, T, D, H, O = 2, 7, 3, 4, 2  # noqa: E741
    x, targets, h0 = draw(10, (N, T, D), (N, T, O), (N, H))
    names = ("W_x", "W_h", "b", "W_y", "b_y")
    params = dict(zip(names, draw(11, (D, H), (H, H), (H,), (H, O), (O,)), strict=True))
    p = dict(zip(names, as_tensors(*params.values()), strict=True))
    h, states = torch.tensor(h0), []
    for t in range(T):
        h = h.detach() if t % k == 0 else h
        h = torch.tanh(torch.tensor(x[:, t]) @ p["W_x"] + h @ p["W_h"] + p["b"])
        states.append(h)
    error = torch.stack(states, 1) @ p["W_y"] + p["b_y"] - torch.tensor(targets)
    (error**2).mean().backward()
    loss, grads = vanishing["truncated_bptt"](x, targets, h0, params, k)
    assert_close(loss, (error**2).mean())
    for name in names:
        assert_close(grads[name], p[name].grad)
