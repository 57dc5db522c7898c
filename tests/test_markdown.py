"""Markdown as a tree: what it may hold, and that nothing hostile becomes more than text."""

from __future__ import annotations

import json
import re
import time

import pytest

from minitensor_widgets.samples import HOSTILE
from minitensor_widgets.summaries import markdown as module
from minitensor_widgets.summaries.markdown import DEEPEST, LONGEST, TAGS, markdown, safe, words

markdown_it = pytest.importorskip("markdown_it")


def tree_of(text):
    return list(markdown(text))


def nodes(tree):
    for node in tree:
        if not isinstance(node, str):
            yield node
            yield from nodes(node["of"])


def names(text):
    return {node["is"] for node in nodes(markdown(text))}


def text_of(tree):
    return "".join(node if isinstance(node, str) else text_of(node["of"]) for node in tree)


@pytest.mark.parametrize(("text", "tree"), [
    ("plain", [{"is": "p", "of": ["plain"]}]),
    ("## Two *em*", [{"is": "h2", "of": ["Two ", {"is": "em", "of": ["em"]}]}]),
    ("a `b<c>`", [{"is": "p", "of": ["a ", {"is": "code", "of": ["b<c>"]}]}]),
    ("~~old~~", [{"is": "p", "of": [{"is": "del", "of": ["old"]}]}]),
    ("- one\n- two",
     [{"is": "ul", "of": [{"is": "li", "of": ["one"]}, {"is": "li", "of": ["two"]}]}]),
    ("4. four", [{"is": "ol", "of": [{"is": "li", "of": ["four"]}], "start": 4}]),
    ("> said", [{"is": "blockquote", "of": [{"is": "p", "of": ["said"]}]}]),
    ("```python\nx < y\n```", [{"is": "pre", "of": ["x < y\n"]}]),
    ("---", [{"is": "hr", "of": []}]),
    ("a  \nb", [{"is": "p", "of": ["a", {"is": "br", "of": []}, "b"]}]),
    ("[to](https://a.org/b)",
     [{"is": "p", "of": [{"is": "a", "of": ["to"], "to": "https://a.org/b"}]}]),
    ("<http://a.org>", [{"is": "p", "of": [{"is": "a", "of": ["http://a.org"], "to": "http://a.org"}]}]),
    ("&lt;b&gt; &copy;", [{"is": "p", "of": ["<b> ©"]}]),
    ("", []),
])  # fmt: skip
def test_what_is_understood(text, tree):
    assert tree_of(text) == tree


def test_a_table_is_a_table():
    tree = markdown("| a | b |\n|---|:-:|\n| 1 | **2** |")
    assert [node["is"] for node in nodes(tree)] == [
        "table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td", "strong",
    ]  # fmt: skip
    assert text_of(tree) == "ab12"
    assert [node.get("align") for node in nodes(tree) if node["is"] in ("th", "td")] == [
        None, "center", None, "center",
    ]  # fmt: skip


HTML = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "<div onclick=alert(1)>\nx\n</div>",
    "text <b onmouseover=alert(1)>b</b>", "<!-- hidden -->", "<?php x ?>", "<![CDATA[x]]>",
    "<svg/onload=alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>", *HOSTILE[:4],
]  # fmt: skip


@pytest.mark.parametrize("text", HTML)
def test_html_is_text(text):
    tree = markdown(text)
    assert "".join(text_of(tree).split()) == "".join(text.split())
    assert names(text) <= {"p", "blockquote"}


@pytest.mark.parametrize("address", [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)",
    "&#106;avascript:alert(1)",
    "data:text/html,<script>alert(1)</script>", "data:image/png;base64,AAAA",
    "vbscript:x", "file:///etc/passwd",
    "mailto:a@b.c", "ftp://a.b", "//evil.org/x", "/relative", "#here", "x.html", "https:evil", "https://",
    "https://user:pass@evil.org/", "https://trusted.org@evil.org/", "http://[::1",
    "\u202ehttps://a.b", "blob:https://a/1",
    "view-source:https://a.b", "about:blank", "tel:1",
])  # fmt: skip
@pytest.mark.parametrize(
    "form", ["[x]({})", "[x](<{}>)", "<{}>", "[x]\n\n[x]: {}", "[![x]({})]({})"]
)
def test_links_lead_to_the_web_or_nowhere(address, form):
    tree = markdown(form.replace("{}", address))
    assert [node for node in nodes(tree) if node["is"] == "a"] == []


def test_where_a_refused_link_would_have_led_can_be_read():
    assert text_of(markdown("[write](mailto:a@b.c) now")) == "write (mailto:a@b.c) now"


def test_pictures_are_not_loaded_from_anywhere():
    assert text_of(markdown("![a cat](https://a.org/cat.png)")) == (
        "a cat (a picture, not loaded: https://a.org/cat.png)"
    )
    assert names("![a](https://a.org/x.png) ![b](data:image/png;base64,AA)") == {"p"}


def test_only_named_elements_and_attributes_ever_appear():
    text = "\n\n".join([*HTML, *HOSTILE, "# h", "- l", "|a|\n|-|\n|b|", "[l](http://a.b)", "1. x"])
    for node in nodes(markdown(text)):
        assert node["is"] in TAGS
        assert set(node) <= {"is", "of", "to", "start", "align"}


@pytest.mark.parametrize("text", [
    ">" * 3000 + " deep", "- " * 3000 + "deep", "\n".join("  " * i + "- deep" for i in range(90)),
    "".join("*" if i % 2 else "_" for i in range(3000)) + "deep",
    "[" * 5000 + "deep" + "](x)" * 3000,
    "![" * 5000 + "deep", "(" * 9000 + "deep", "x " + "`" * 5000 + "deep",
    "**a " * 4000 + "deep", "<" * 9000 + "deep",
])  # fmt: skip
def test_huge_nesting_is_text_and_takes_no_time(text):
    before = time.process_time()
    tree = markdown(text)
    assert time.process_time() - before < 5
    assert json.loads(json.dumps(tree)) == list(tree)  # no deeper than JSON can say
    assert "deep" in text_of(tree)


def test_text_that_nests_too_deep_is_shown_as_it_was_written():
    text = ">" * (DEEPEST + 2) + " x"
    assert tree_of(text) == [{"is": "plain", "of": [text]}]
    assert markdown("> > > x")[0]["is"] == "blockquote"


def test_a_text_too_long_ends_with_a_word_about_it():
    tree = markdown("word " * LONGEST)
    assert tree[-1] == {"is": "plain", "of": [f"… {4 * LONGEST} more characters are left out."]}
    assert len(text_of(tree)) < LONGEST + 100


def test_unprintable_characters_are_marked():
    assert text_of(markdown("a\x00b\u202ec\ud800")) == "a\ufffdb\ufffdc\ufffd"


def test_without_the_parser_a_text_stays_as_it_is(monkeypatch):
    markdown.cache_clear()
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert tree_of("# <b> *x*") == [{"is": "plain", "of": ["# <b> *x*"]}]
    markdown.cache_clear()


def test_words_of_a_tree_have_spaces_between_blocks():
    assert words(markdown("# One\n\n- two\n- th*r*ee")) == "One two three"


def test_safe_needs_a_host():
    assert safe("http://a")
    assert not safe("http:///a")


def test_the_page_makes_the_same_elements():
    from minitensor_widgets.assets import STATIC

    code = (STATIC / "summaries" / "tree.js").read_text(encoding="utf-8")
    grown = set(re.search(r'"(blockquote[^"]+)"', code)[1].split())
    assert grown | {"a", *(f"h{i}" for i in range(1, 7))} == set(TAGS)
