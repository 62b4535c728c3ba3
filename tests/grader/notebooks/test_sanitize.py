"""Nothing that a student wrote runs in a reader's browser, calls home, or takes forever."""

from __future__ import annotations

import base64
import re
import time

import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from course.emission import MIME_TYPE
from course.grader.notebooks.sanitize import (
    clean_html,
    clean_markdown,
    clean_outputs,
    hide_lines,
    quotes,
)

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 20).decode()

ACTIVE = re.compile(
    r"<\s*(script|style|iframe|img|object|embed|form|svg|math|link|meta|base|input|button)\b"
    r"|<[^>]*\s(on\w+|src|style)\s*=|href\s*=(?!\s*[\"']?\s*(https?:|mailto:|#))"
    r"|\\(href|url|require|style|class|cssId)(?![a-z])",
    re.IGNORECASE,
)

MARKDOWN = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- --><b onclick=alert(1)>x</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;script&amp;gt;alert(1)",
    "&" + "amp;" * 9 + "lt;script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](java&#x73;cript&colon;alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](javascript\\:alert(1))",
    "[x](java&Tab;script:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](//evil.example/x)",
    "[x]\n\n[x]: javascript:alert(1)",
    "[x]\n\n[x]: javascript&colon;alert(1)",
    "[x]\n\n[x]:\n  javascript:alert(1)",
    "[x][y]\n\n[y]:javascript:alert(1)",
    "<javascript:alert(1)>",
    "![x](https://evil.example/pixel.png)",
    "\\![x](https://evil.example/pixel.png)",
    "![x][y]\n\n[y]: https://evil.example/pixel.png",
    "![x](attachment:a.png)",
    "$\\href{javascript:alert(1)}{x}$",
    "&#36;\\href{java&#115;cript:alert(1)}{x}&#36;",
    "$\\\\href{javascript:alert(1)}{x}$",
    "$\\style{position:fixed}{x}$ $\\require{html}$ $\\class{a}{b}$ $\\cssId{a}{b}$",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "{{ ''.__class__ }} {% raw %}<script>{% endraw %}",
]


@pytest.mark.parametrize("source", MARKDOWN)
def test_markdown_is_harmless_even_without_a_cleaner_of_html(source):
    page = markdown2html_mistune(clean_markdown(source))
    assert not ACTIVE.search(page), page
    assert not ACTIVE.search(clean_html(page)), page


@pytest.mark.parametrize(
    "source",
    [
        "**Bold**, `code` and a [link](https://example.org/a?b=c).",
        r"$h_t = \tanh(W h_{t-1})$",
        r"$$\begin{pmatrix} a & b \\ c & d \end{pmatrix}$$",
        "a < b, a > b, Q&A",
        "1. one\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |",
    ],
)
def test_honest_markdown_stays_as_it_is(source):
    assert clean_markdown(source) == source


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<table><tr><td onclick=alert(1)><img src=x onerror=alert(1)></td></tr></table>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href='java&#115;cript:alert(1)'>x</a>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        "<iframe src=https://evil.example></iframe><form action=//evil.example><input></form>",
        "<p style='background:url(//evil.example)'>$\\href{javascript:alert(1)}{x}$</p>",
        "$\\hr<!-- -->ef{javascript:alert(1)}{x}$",
        "<b>$&#92;href{javascript:alert(1)}{x}$</b>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    ],
)
def test_html_is_harmless(source):
    assert not ACTIVE.search(clean_html(source))


def test_a_data_frame_stays_a_table():
    table = "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    assert clean_html(table) == table
    rows = "<tr>" + "<td>1</td>" * 20 + "</tr>"
    assert clean_html(f"<table><tbody>{rows * 300}</tbody></table>").count("<td>") == 6000


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 40_000,
        "<div></q>" * 20_000,
        "".join(f"<b title={i}>" for i in range(1900)) + "<p>x" * 90,
        "<table><tr><td>" * 1900,
        "[" * 50_000,
        "](" * 50_000,
        "&amp;" * 40_000,
        "&" + "amp;" * 40_000,
        "data" + " " * 150_000,
        "\\" * 100_000,
        "<" * 100_000,
    ],
    ids=lambda source: source[:15],
)
def test_cleaning_takes_no_time(source):
    started = time.process_time()
    clean_html(source)
    clean_markdown(source)
    assert time.process_time() - started < 3


def test_outputs_are_reduced_to_text_html_and_pictures():
    data = {
        "text/plain": ["a", "b"],
        "text/html": "<b>x</b><script>1</script>",
        "image/png": PNG,
        "image/jpeg": PNG,
        "image/svg+xml": "<svg/>",
        "application/javascript": "alert(1)",
        "application/vnd.jupyter.widget-view+json": {"model_id": "x"},
        "text/latex": "$x$",
        "text/markdown": "x",
        MIME_TYPE: "secret",
    }
    (output,) = clean_outputs([{"output_type": "execute_result", "data": data}])
    assert output.output_type == "display_data"
    assert output.data == {"text/plain": "ab", "text/html": "<b>x</b>", "image/png": PNG}


@pytest.mark.parametrize(
    "output",
    [
        None,
        5,
        "text",
        [],
        {},
        {"output_type": []},
        {"output_type": "stream", "text": ["a", 5]},
        {"output_type": "stream", "name": {}, "text": None},
        {"output_type": "error"},
        {"output_type": "error", "traceback": 5, "evalue": [], "ename": None},
        {"output_type": "error", "traceback": [5, None, {}], "evalue": "\ud800"},
        {"output_type": "display_data", "data": []},
        {"output_type": "display_data", "data": 5},
        {"output_type": "display_data", "data": {"text/html": 5, "image/png": []}},
        {"output_type": "display_data", "data": {"text/html": "\ud800<b>", "image/png": "é"}},
        {"output_type": "display_data", "data": {"text/plain": "x" * 10**6}},
        {"output_type": "update_display_data", "data": {"text/plain": "x"}},
    ],
)
def test_odd_outputs_never_raise(output):
    for kept in clean_outputs([output]):
        assert len(str(kept)) < 50_000
        str(kept).encode()
    hide_lines(clean_outputs([output]), {"case.call(double, x)"})


SECRET = {'case.call(double, case.normal("N D"), returns="y")', "''' ''' ''' ''' '''"}
LINE = 'case.call(double, case.normal("N D"), returns="y")'


@pytest.mark.parametrize(
    "text",
    [
        LINE,
        f"  {LINE}  # copied",
        repr(LINE + "'"),
        LINE.replace(" ", "\n"),
        LINE.replace("(", "(\x1b[31m"),
        LINE.replace('"', "&quot;"),
        LINE.replace("case.", "<span class=n>case</span>."),
    ],
)
def test_text_that_quotes_a_hidden_test_is_dropped(text):
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": text},
        {"output_type": "display_data", "data": {"text/html": text}},
        {"output_type": "error", "ename": "E", "evalue": text, "traceback": []},
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": [text]},
    ]
    assert hide_lines(outputs, SECRET) == []


def test_other_text_is_kept():
    output = {"output_type": "stream", "name": "stdout", "text": "'''' case.call(other)"}
    assert hide_lines([output], SECRET) == [output]
    assert not quotes("anything", set())


def test_a_flood_of_outputs_takes_no_time():
    outputs = [
        {"output_type": "display_data", "data": {"text/plain": str(i)}} for i in range(20_000)
    ]
    secret = {f"case.call(function_{i}, case.normal())" for i in range(300)}
    started = time.process_time()
    assert len(hide_lines(clean_outputs(outputs), secret)) <= 500
    assert time.process_time() - started < 3
