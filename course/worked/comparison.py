"""Worked examples of the exercises of ``06_comparison/comparison.ipynb``."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from course import bug_hunt, checks


def copy_first_batch(t, copy_first_batch):
    args = {"N": 900, "T": 4, "symbols": 3, "generator": torch.Generator().manual_seed(1)}
    x, targets = t.check(
        copy_first_batch, args, "x, targets", ignore="x, targets", float32=False, quiet=True
    ).values()
    checks.form("copy_first_batch: x", x, (900, 4, 4), "float32")
    checks.form("copy_first_batch: targets", targets, (900,), "int64")
    checks.require(
        targets.min() >= 0 and targets.max() < 3,
        f"copy_first_batch: the targets go from {targets.min()} to {targets.max()}; three symbols "
        "are the numbers 0 to 2.",
    )
    symbols, first, noise = nn.functional.one_hot(targets, 3), x[:, 0], x[:, 1:, :3]
    generator = torch.Generator().manual_seed(2)
    again = copy_first_batch(900, 4, 3, torch.Generator().manual_seed(1))[0]
    checks.hold(
        "copy_first_batch",
        {
            "the mark, the last column, must be 1 at the first step": (first[:, 3] == 1).all(),
            "the first step must be 1 in the target's column, else 0": (
                first[:, :3] == symbols
            ).all(),
            "the mark must be 0 after the first step": (x[:, 1:, 3] == 0).all(),
            "every sequence, every step and every column must have noise of its own": (
                (noise[0] != noise[1]).any()
                and (noise[:, 0] != noise[:, 1]).any()
                and (noise[:, :, 0] != noise[:, :, 1]).any()
            ),
            "the noise must have mean 0 (torch.randn, not torch.rand)": abs(noise.mean()) < 0.1,
            "the noise must have standard deviation 1": abs(noise.std() - 1) < 0.1,
            "all symbols must be equally likely": symbols.float().mean(0).min() > 0.25,
            "draw every number from `generator`, and from nothing else": torch.equal(x, again),
            "the next call with the same generator must give other sequences": _differ(
                lambda generator: copy_first_batch(900, 4, 3, generator)[0]
            ),
            "draw each target at random: a batch of one sequence always has the same": len(
                {int(copy_first_batch(1, 4, 3, generator)[1][0]) for _ in range(50)}
            )
            == 3,
        },
    )
    t.say("copy_first_batch: x (900, 4, 4), targets (900,)")


def _differ(draw):
    """Tell whether two draws from one generator differ."""
    generator = torch.Generator().manual_seed(1)
    return not torch.equal(draw(generator), draw(generator))


def adding_batch(t, adding_batch):
    args = {"N": 4000, "T": 7, "generator": torch.Generator().manual_seed(1)}
    x, targets = t.check(
        adding_batch, args, "x, targets", ignore="x, targets", float32=False, quiet=True
    ).values()
    checks.form("adding_batch: x", x, (4000, 7, 2), "float32")
    checks.form("adding_batch: targets", targets, (4000,), "float32")
    numbers, marks = x[:, :, 0], x[:, :, 1]
    halves = torch.stack([marks[:, :3].sum(1), marks[:, 3:].sum(1)])
    uniform = numbers.min() >= 0 and abs(numbers.var() - 1 / 12) < 0.01
    generator = torch.Generator().manual_seed(2)
    again = adding_batch(4000, 7, torch.Generator().manual_seed(1))[0]
    checks.hold(
        "adding_batch",
        {
            "one mark among the first T//2 steps, one among the others": (halves == 1).all(),
            "some step of a half is never marked, or too rarely": (marks.sum(0) > 900).all(),
            "the target is the sum of the two marked numbers": torch.allclose(
                targets, (numbers * marks).sum(1)
            ),
            "every sequence and every step must have numbers of its own": (
                (numbers[0] != numbers[1]).any() and (numbers[:, 0] != numbers[:, 1]).any()
            ),
            "the numbers must be uniform in [0, 1) (torch.rand, not torch.randn)": uniform,
            "draw every number from `generator`, and from nothing else": torch.equal(x, again),
            "the next call with the same generator must give other sequences": _differ(
                lambda generator: adding_batch(900, 7, generator)[0]
            ),
            "draw each mark at random: in a batch of one sequence some step is never marked": (
                sum(adding_batch(1, 7, generator)[0][0, :, 1] for _ in range(100)).all()
            ),
            "the mean target must be near 1: do the marks' steps depend on the numbers": (
                abs(targets.mean() - 1) < 0.05
            ),
        },
    )
    t.say("adding_batch: x (4000, 7, 2), targets (4000,)")


def SequenceClassifier(t, SequenceClassifier):
    for cell, layers, both in [("rnn", 1, False), ("gru", 2, False), ("lstm", 2, True)]:
        where = f"SequenceClassifier({cell!r}, num_layers={layers}, bidirectional={both})"
        model = SequenceClassifier(cell, 3, 4, 5, layers, both, 0.0)
        _fill(model)
        x = torch.cos(1.3 * torch.arange(36.0)).view(2, 6, 3)
        checks.require(
            type(getattr(model, "rnn", 0)).__name__.lower() == cell,
            f"{where}: self.rnn must be a {cell.upper()} layer.",
        )
        checks.hold(
            where,
            {
                "num_layers is not used": model.rnn.num_layers == layers,
                "bidirectional is not used": model.rnn.bidirectional == both,
                "batch_first is missing: x is (N, T, D)": model.rnn.batch_first,
            },
        )
        t.compare(where, model(x), atol=1e-5)
        one = model(x[:1, :1]).shape
        checks.require(
            one == (1, 5), f"{where}: for one sequence of one step the shape is {tuple(one)}."
        )
        missing = _without_gradient(model, model(x).sum())
        checks.require(not missing, f"{where}: no gradient reaches {', '.join(missing)}.")
        checks.require(
            model.double()(x.double()).dtype == torch.float64, f"{where}: float64 is not kept."
        )
    plain = SequenceClassifier("gru", 3, 4, 5).rnn
    checks.require(
        [plain.num_layers, plain.bidirectional, plain.dropout] == [1, False, 0.0],
        "SequenceClassifier: unless told otherwise it is one layer that reads forwards, without "
        "dropout.",
    )
    _drop_between_layers_alone(SequenceClassifier("gru", 3, 4, 5, 2, dropout=0.5), x)
    try:
        SequenceClassifier("transformer", 3, 4, 5)
    except ValueError:
        pass
    except Exception as error:
        raise checks.CheckFailed(
            f"SequenceClassifier: an unknown cell must be a ValueError, not a "
            f"{type(error).__name__}."
        ) from None
    else:
        raise checks.CheckFailed("SequenceClassifier: an unknown cell must be a ValueError.")
    t.say("SequenceClassifier: three cells, stacked and both ways")


def _drop_between_layers_alone(model, x):
    checks.require(
        model.rnn.dropout == 0.5, "SequenceClassifier: dropout is not passed on to the layers."
    )
    model.eval()
    checks.require(
        torch.equal(model(x), model(x)),
        "SequenceClassifier: in evaluation mode two passes differ. Nothing may be dropped there: "
        "leave dropout to the layers, and the mode to the caller.",
    )
    between = (
        "SequenceClassifier: something is dropped before the first layer or after the last: "
        "dropout acts between the layers alone."
    )
    model.train().rnn.eval()  # the layers drop nothing now, and their rate is still 0.5
    checks.require(torch.equal(model(x), model(x)), between)
    model.train().rnn.dropout = 0.0
    checks.require(torch.equal(model(x), model(x)), between)


def _without_gradient(model, loss):
    """Name the parameters that a loss does not reach."""
    names, parameters = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    return [name for name, gradient in zip(names, found, strict=True) if gradient is None]


def _fill(model):
    """Give every parameter numbers of its own, whichever layer was made first."""
    named = sorted(model.named_parameters(), key=lambda pair: not pair[0].startswith("rnn."))
    with torch.no_grad():
        for i, (_, parameter) in enumerate(named):
            numbers = torch.sin(1.7 * torch.arange(parameter.numel()) + i)
            parameter.copy_(0.7 * numbers.view_as(parameter))


def train_until(t, train_until):
    modes = []

    def run(target, most, floats, size=1.0, **more):
        model = nn.Sequential(nn.Flatten(), nn.Linear(6, 1 if floats else 3)).double()
        for p in model.parameters():
            p.data = torch.linspace(-0.2, 0.3, p.numel(), dtype=torch.float64).view_as(p)
        model.register_forward_pre_hook(lambda model, _: modes.append(model.training))
        rng = np.random.default_rng(2)

        def task():
            x = torch.tensor(size * rng.normal(size=(20, 2, 3)))
            return x, x[:, 0, 0] if floats else x[:, 0].argmax(dim=1)

        call = {"model": model.eval(), "task": task, "target": target, "max_steps": most}
        solved, scores = t.check(
            train_until,
            call | more,
            "solved, scores",
            ignore="solved, scores",
            float32=False,
            quiet=True,
        ).values()
        weights = torch.cat([p.detach().flatten() for p in model.parameters()])
        return solved, scores, weights

    solved, scores, weights = run(1.1, 14, False, size=8.0, lr=0.02)
    checks.require(
        isinstance(scores, list) and isinstance(solved, bool | np.bool_),
        "train_until must return solved (True or False) and a list of scores, in this order.",
    )
    plain = all(type(score) is float for score in scores)
    checks.hold("train_until", {"scores must be plain floats: call .item()": plain})
    t.compare("train_until: accuracies", scores)
    checks.hold(
        "train_until",
        {
            "a target out of reach takes max_steps steps and returns False": not solved,
            "call model.train() before the steps": all(modes),
        },
    )
    t.compare("train_until: weights after 14 steps", weights, atol=1e-5)
    small = run(1.1, 5, False)[2]
    t.compare("train_until: weights after 5 steps, without lr", small, atol=1e-5)
    early, late = len(run(0.0, 30, False, lr=0.02)[1]), run(0.0, 10, False, lr=0.02)[0]
    solved, errors, _ = run(0.5, 300, True, lr=0.02)
    t.compare("train_until: first error", errors[0], atol=1e-5)
    low = solved and len(errors) > 10 and np.mean(errors[-10:]) <= 0.5
    checks.hold(
        "train_until",
        {
            "stop as soon as the last ten scores have reached the target, never before ten": early
            == 10,
            "a target that is reached at the last step of the budget is reached: True": late,
            "an error must become at most the target, an accuracy at least": low,
            "a mean that equals the target has reached it": _reaches_what_it_equals(train_until),
        },
    )
    t.compare("train_until: steps until the error is 0.5", len(errors))
    t.say("train_until: stops at an accuracy from below, at an error from above")


def _reaches_what_it_equals(train_until):
    """Tell whether an error of 0 reaches a target of 0."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(6, 1))
    for p in model.parameters():
        nn.init.zeros_(p)
    return train_until(model, lambda: (torch.ones(4, 2, 3), torch.zeros(4)), 0.0, 12)[0]


def train_memory(t, train_memory, memory_model, SequenceClassifier, accuracy):
    checks.require(
        isinstance(memory_model, SequenceClassifier),
        "train_memory must return your SequenceClassifier.",
    )
    right = accuracy(memory_model, 100, seed=77)
    checks.require(
        right > 0.3,
        f"train_memory: {right:.0%} right, near guessing. Did it start with memory_for(T), and was "
        "it trained on that model?",
    )
    checks.require(
        right > 0.97,
        f"train_memory: {right:.0%} right. It learns: give it a target nearer 1 and up to 300 "
        "steps.",
    )
    lengths = set()
    hook = nn.modules.module.register_module_forward_pre_hook(
        lambda layer, x: lengths.add(x[0].shape[1]) if isinstance(layer, nn.RNNBase) else None
    )
    try:
        one, again, other = (_weights(train_memory(6, seed)) for seed in (1, 1, 2))
    finally:
        hook.remove()
    checks.hold(
        "train_memory",
        {
            "with T = 6 it must train on sequences of 6 steps: is a length written in it": 6
            in lengths,
            "two calls with one seed train two different networks: torch.manual_seed(seed) comes "
            "first, and copy_task takes the seed": one.is_cuda or torch.allclose(one, again),
            "another seed trains the same network: use the argument": not torch.equal(one, other),
        },
    )
    t.say("train_memory: more than 97 % right after 100 steps")


def _weights(model):
    """All weights of a model, as one row."""
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def layer_norm_step(t, layer_norm_step):
    args = {
        "x": _rows(2, [0.5, -1.0, 2.0, 1.0]),
        "h_prev": _rows(2, [0.3, -0.2, 0.6, 0.1, 0.9, -0.4]),
        "W_x": _rows(2, [1.0, -0.5, 0.2, 0.4, 0.8, -0.3]),
        "W_h": _rows(3, [0.5, -0.1, 0.3, 0.7, 0.2, -0.6, -0.2, 0.4, 0.1]),
        "gain": torch.tensor([1.5, 0.5, -1.0], dtype=torch.float64),
        "b": torch.tensor([0.1, -0.2, 0.3], dtype=torch.float64),
        "eps": 0.1,
    }
    t.check(layer_norm_step, args, "h")
    turned = {name: args[name].flip(0) for name in ("x", "h_prev", "W_h", "gain")}
    single = {name: args[name][:1] for name in ("x", "h_prev")}
    for other in (turned, single):
        t.check(layer_norm_step, args | other, "h", float32=False, quiet=True)
    x = args["x"].clone().requires_grad_()
    h = layer_norm_step(*(x if name == "x" else value for name, value in args.items()))
    checks.require(h.requires_grad, "layer_norm_step: no gradient gets through it.")
    (h * _rows(2, [1.0, -2.0, 0.5, 0.3, 0.7, -1.0])).sum().backward()
    t.compare("layer_norm_step: gradient of x", x.grad)
    small = [0.01 * args[name] for name in ("x", "h_prev", "W_x", "W_h")]
    h = layer_norm_step(*small, args["gain"], args["b"])
    t.compare("layer_norm_step: h, without eps", h)


def _rows(count, numbers):
    return torch.tensor(numbers, dtype=torch.float64).view(count, -1)


def hidden_trajectory(t, hidden_trajectory, SequenceClassifier):
    model = SequenceClassifier("lstm", 3, 4, 2, num_layers=2, dropout=0.5)
    _fill(model)
    args = {"model": model, "x": torch.cos(1.3 * torch.arange(90.0)).view(5, 6, 3)}
    for before in (True, False):
        model.train(before)
        found = t.check(
            hidden_trajectory, args, "states", ignore="states", float32=False, quiet=True
        )["states"]
        checks.require(
            type(found) is np.ndarray,
            "hidden_trajectory must return a NumPy array: .cpu().numpy() at the end.",
        )
        checks.require(
            all(part.training == before for part in model.modules()),
            "hidden_trajectory: leave the mode as it was before the call.",
        )
        checks.require(
            np.array_equal(found, hidden_trajectory(**args)),
            "hidden_trajectory: a second call gives other states: dropout is on. The network must "
            "be in evaluation mode while it runs.",
        )
        t.compare("hidden_trajectory: states", found, atol=1e-5)
        checks.require(
            found.dtype == np.float32,
            f"hidden_trajectory: float32 input gives {found.dtype} states: keep the dtype.",
        )
    one = hidden_trajectory(model, args["x"][:1, :1]).shape
    checks.require(
        one == (1, 1, 4),
        f"hidden_trajectory: for one sequence of one step the shape must be (1, 1, 4), not {one}.",
    )
    both, grads = SequenceClassifier("gru", 3, 4, 2, bidirectional=True).double(), []
    both.rnn.register_forward_hook(lambda *_: grads.append(torch.is_grad_enabled()))
    wide = hidden_trajectory(both, args["x"].double())
    checks.hold(
        "hidden_trajectory",
        {
            "both ways the states are 2H wide, here 8": wide.shape == (5, 6, 8),
            "float64 input must give float64 states": wide.dtype == np.float64,
            "the parameters can no longer learn: use torch.no_grad() for the call alone": all(
                p.requires_grad for p in both.parameters()
            ),
            "gradients are recorded: run the network under torch.no_grad()": not any(grads),
            "gradients stay off after the call: use torch.no_grad() with `with`": _back_on(),
        },
    )
    t.say("hidden_trajectory: states (5, 6, 4)")


def _back_on() -> bool:
    """Tell whether gradients are recorded, and see to it that they are from now on."""
    were_on = torch.is_grad_enabled()
    torch.set_grad_enabled(True)
    return were_on


def test_jacobian(t, test_jacobian, found_jacobian):
    mended = "the colleague's function with one of its two mistakes mended"
    red = {
        found_jacobian: "the colleague's function",
        "turned": mended,
        "before": mended,
        "wrong side": "slopes that belong to the columns and should belong to the rows",
        "no tanh": "a Jacobian without the slope of tanh",
        "gate": "a Jacobian with the slope of a sigmoid",
        "untransposed": "a Jacobian made of W_h, not of its transpose",
        "minus": "a Jacobian with the wrong sign",
        "larger": "a Jacobian that is a tenth too large",
        "short": "a Jacobian whose last row is missing",
        "h": "a Jacobian that leaves out the state, h @ W_h",
        "x": "a Jacobian that leaves out the input",
        "b": "a Jacobian that leaves out the bias",
    }
    green = {
        "": "the Jacobian that autograd finds",
        "by hand": "a right Jacobian that is computed otherwise",
    }
    t.say(bug_hunt.require_red_and_green(test_jacobian, _by_autograd, red=red, green=green))


def _by_autograd(h, x, W_x, W_h, b, slip=""):
    """Jacobian of a vanilla RNN's step, or one with a slip."""
    h, x, W_x, W_h, b = (torch.tensor(a, dtype=torch.float64) for a in (h, x, W_x, W_h, b))
    before = x @ W_x * (slip != "x") + b * (slip != "b")
    function = {"no tanh": lambda a: a, "gate": torch.sigmoid}.get(slip, torch.tanh)
    found = torch.autograd.functional.jacobian(lambda h: function(before + h @ W_h), h)
    slope = 1 - torch.tanh(before + h @ W_h) ** 2
    if slip == "turned":
        found = found.T
    if slip == "before":
        found = W_h.T * (1 - h**2)[:, None]
    if slip == "wrong side":
        found = W_h.T * slope
    if slip == "untransposed":
        found = W_h * slope[:, None]
    if slip == "h":
        found = W_h.T * (1 - torch.tanh(before) ** 2)[:, None]
    if slip == "short":
        found[-1] = 0
    found = found * {"minus": -1, "larger": 1.1}.get(slip, 1)
    if slip == "by hand":
        found = torch.diag(4 / (2 + 2 * torch.cosh(2 * (before + h @ W_h)))) @ W_h.T
    return found.numpy()


def repaired_jacobian(t, repaired_jacobian):
    W_x, W_h = np.array([[0.4, -0.3]]), np.array([[0.9, -0.5], [0.2, 0.6]])
    args = {
        "h": np.array([0.8, -0.4]),
        "x": np.array([0.5]),
        "W_x": W_x,
        "W_h": W_h,
        "b": np.array([0.1, 0.3]),
    }
    t.check(repaired_jacobian, args, "J")
    turned = {"h": args["h"][::-1], "W_h": W_h[::-1], "x": -args["x"]}
    single = {"h": args["h"][:1], "W_x": W_x[:, :1], "W_h": W_h[:1, :1], "b": args["b"][:1]}
    for other in (turned, single):
        t.check(repaired_jacobian, args | other, "J", float32=False, quiet=True)


def lyapunov_exponents(t, lyapunov_exponents, repaired_jacobian):
    rng = np.random.default_rng(3)
    h0, xs, W_x, W_h, b = (rng.normal(size=s) for s in (4, (6, 3), (3, 4), (4, 4), 4))
    args = {"h0": h0, "xs": xs, "W_x": 0.5 * W_x, "W_h": W_h, "b": 0.5 * b, "count": 3, "skip": 2}
    t.check(lyapunov_exponents, args, "exponents")
    by_hand = {
        "h0": np.zeros(2),
        "xs": np.zeros((5, 1)),
        "W_x": np.ones((1, 2)),
        "W_h": np.diag([2.0, 0.5]),
        "b": np.zeros(2),
    }
    t.check(lyapunov_exponents, by_hand | {"count": 2, "skip": 0}, "exponents", quiet=True)
    long = args | {"xs": rng.normal(size=(400, 3)), "W_h": 0.3 * W_h, "count": 4}
    t.check(lyapunov_exponents, long, "exponents", quiet=True)
    jacobians = args | {"count": 1, "skip": 5}
    t.check(lyapunov_exponents, jacobians, "exponents", quiet=True)
    t.say("also the example by hand, 400 steps, and one direction over one step")
