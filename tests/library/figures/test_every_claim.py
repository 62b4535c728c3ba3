"""No figure makes a claim in its title that is not drawn both ways by a test."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

from tests.conftest import ROOT

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))


def claims_in_the_code() -> list[str]:
    """The longest piece of text in each claim that a figure may make."""
    found = []
    for path in sorted((ROOT / "course" / "figures").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "true_title":
                texts = [n.value for n in ast.walk(call.args[0]) if isinstance(n, ast.Constant)]
                found += [max(texts, key=len)] if texts else []
    return found


def test_every_claim_is_drawn_both_ways():
    drawn = []
    for name in MODULES:
        module = importlib.import_module(f"tests.library.figures.{name}")
        drawn += [case.claim for case in getattr(module, "CASES", ())]
        drawn += getattr(module, "OTHERS", ())
    claims = claims_in_the_code()
    assert len(claims) > 70
    assert [text for text in claims if not any(claim in text for claim in drawn)] == []
