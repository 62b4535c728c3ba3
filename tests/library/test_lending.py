"""`rescue` lends one exercise: it says so, uses the notebook's names, and refuses in grading."""

from __future__ import annotations

import inspect

import pytest

from course import rescue, worked
from course.checks import CheckFailed
from course.lending import FLAG, MARK, OFF, SEAL, NotLent, is_borrowed, seal, unseal

LENT = {
    "exercises": {
        "double": {"code": "def double(x):\n    return (2 * x,)[0]", "forward": ""},
        "times": {"code": "def times(x):\n    return (double(x) * factor,)[0]", "forward": ""},
        "Model": {"code": "class Model(Base):\n    pass", "forward": ""},
        "step": {"code": "def step(x):\n    return (x, 'cache')", "forward": ""},
        "step_backward": {"code": "def step_backward(d, c):\n    return c", "forward": "step"},
    }
}


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Runs code as cells of a notebook do, in a folder that has a file to lend from."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    (tmp_path / "small.rescue").write_bytes(seal(LENT))
    names: dict = {"__name__": "__main__", "rescue": rescue}

    def run(code: str) -> dict:
        exec(code, names)
        return names

    return run


class TestALoan:
    def test_it_is_marked_and_says_what_it_costs(self, notebook, capsys):
        names = notebook('double = rescue("double")')
        assert names["double"](4) == 8
        assert is_borrowed(names["double"]) and not is_borrowed(test_what_is_sealed_comes_back)
        assert capsys.readouterr().out == (
            f"{MARK} Borrowed: double. Worth no points here, and none lost elsewhere.\n"
        )

    def test_it_uses_the_notebook_s_own_functions_and_follows_their_changes(self, notebook):
        notebook("factor = 10\ndef double(x):\n    return 3 * x\ntimes = rescue('times')")
        assert notebook("y = times(1)")["y"] == 30
        assert notebook("factor = 2\ny = times(1)")["y"] == 6

    def test_a_class_can_be_borrowed_and_what_is_built_on_it_is_the_student_s_own(self, notebook):
        names = notebook("class Base: pass\nModel = rescue('Model')\nclass Mine(Model): pass")
        assert issubclass(names["Model"], names["Base"])
        assert is_borrowed(names["Model"]) and not is_borrowed(names["Mine"])

    def test_nothing_but_the_asked_for_name_is_bound(self, notebook):
        before = set(notebook("factor = 1"))
        assert set(notebook("rescue('times')")) == before

    def test_the_source_cannot_be_asked_for(self, notebook):
        with pytest.raises((OSError, TypeError)):
            inspect.getsource(notebook("double = rescue('double')")["double"])

    def test_a_backward_brings_its_forward_and_says_so(self, notebook, capsys):
        names = notebook("def step(x):\n    return x, 'mine'\nback = rescue('step_backward')")
        assert is_borrowed(names["step"]) and names["step"](1) == (1, "cache")
        assert "step comes along" in capsys.readouterr().out
        forward = names["step"]
        assert notebook("back = rescue('step_backward')")["step"] is forward

    def test_a_function_names_itself_as_well_as_its_text_does(self, notebook):
        assert notebook("def double(x): ...\ndouble = rescue(double)")["double"](1) == 2


class TestNothingToLend:
    def test_an_unknown_name_is_told_what_there_is(self, notebook):
        with pytest.raises(NotLent, match=r"doble is no exercise .* double, times, Model, step"):
            notebook("rescue('doble')")

    def test_a_missing_file_is_told_where_to_get(self, notebook, tmp_path):
        (tmp_path / "small.rescue").unlink()
        with pytest.raises(NotLent, match=r"There is no file .*\.rescue in .*copy it"):
            notebook("rescue('double')")

    def test_two_notebooks_of_a_folder_lend_each_their_own(self, notebook, tmp_path):
        other = {"exercises": {"double": {"code": "def double(x): return 7", "forward": ""}}}
        (tmp_path / "a.rescue").write_bytes(seal(other))
        names = notebook("class check: notebook = 'small'\ndouble = rescue('double')")
        assert names["double"](1) == 2

    @pytest.mark.parametrize("data", [b"", b"{}", SEAL, SEAL + b"AAAA", SEAL + b"\xff" * 9])
    def test_a_damaged_file_is_named(self, notebook, tmp_path, data):
        (tmp_path / "small.rescue").write_bytes(data)
        with pytest.raises(NotLent, match=r"small\.rescue cannot be used.*fresh copy"):
            notebook("rescue('double')")

    def test_what_is_switched_off_says_so_in_one_sentence(self, notebook, tmp_path):
        (tmp_path / "small.rescue").write_bytes(seal({OFF: True}))
        with pytest.raises(NotLent) as caught:
            notebook("rescue('double')")
        assert str(caught.value) == "Your instructor has switched rescue off for this course."
        assert caught.value._render_traceback_() == [f"✗ {caught.value}"]

    def test_cells_that_were_not_run_are_asked_for(self, notebook):
        with pytest.raises(NotLent, match="Model needs Base: run the cells above first"):
            notebook("rescue('Model')")


class TestWhereWorkIsGraded:
    @pytest.mark.parametrize("name", ["double", "Model", "no exercise at all"])
    def test_nothing_is_lent_and_the_cell_goes_on(self, notebook, monkeypatch, capsys, name):
        monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
        stand_in = notebook(f"a = rescue({name!r})\nb = 1")["a"]
        assert "Nothing is lent" in capsys.readouterr().out
        assert is_borrowed(stand_in) and FLAG not in vars(stand_in)
        with pytest.raises(NotImplementedError, match=f"^{name} is borrowed$"):
            stand_in(1, 2)

    def test_a_backward_leaves_the_student_s_forward_alone(self, notebook, monkeypatch):
        monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
        names = notebook("def step(x):\n    return 'mine'\nback = rescue('step_backward')")
        assert names["step"](1) == "mine"


def test_what_is_sealed_comes_back():
    assert unseal(seal(LENT)) == LENT
    assert unseal(seal(LENT).replace(b"\n", b"\r\n")) == LENT  # as a mail program may have it


def test_no_line_of_what_is_sealed_can_be_read():
    text = seal(LENT).decode()
    assert not [
        word for word in ("def", "return", "double", "step", "x") if f"{word} " in text[90:]
    ]


def test_a_visible_test_says_that_an_answer_is_borrowed(notebook, capsys):
    """The worked example of a real notebook, with what a real file lends for it."""
    lent = "def count_rnn_parameters(D, H, C):\n    return (0,)[0]"
    names = notebook("")
    exec(lent, names)
    answer = names["count_rnn_parameters"]
    setattr(answer, FLAG, True)
    with pytest.raises(CheckFailed):
        worked.of("vanilla_rnn", names)(answer)
    assert capsys.readouterr().out.startswith(f"{MARK} count_rnn_parameters is borrowed: worth no")
