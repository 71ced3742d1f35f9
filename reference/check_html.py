#!/usr/bin/env python3
"""What is wrong with an HTML page: html5lib's errors, and rules of HTML that a parser does not apply.

    python reference/check_html.py PAGE.html ...
"""

import collections
import pathlib
import re
import sys
import urllib.parse

import html5lib
from html5lib.constants import E, namespaces

HTML = "{%s}" % namespaces["html"]
# Elements and the parents that they may have.
PARENTS = {
    "li": {"ul", "ol", "menu"},
    "tr": {"thead", "tbody", "tfoot", "table"},
    "td": {"tr"},
    "th": {"tr"},
    "dt": {"dl", "div"},
    "dd": {"dl", "div"},
    "option": {"select", "optgroup", "datalist"},
    "figcaption": {"figure"},
    "summary": {"details"},
    "source": {"picture", "video", "audio"},
}
# What may stand in a parent and nothing else beside it.
CHILDREN = {
    "ul": {"li", "script", "template"},
    "ol": {"li", "script", "template"},
    "tr": {"td", "th", "script", "template"},
    "dl": {"dt", "dd", "div", "script", "template"},
    "tbody": {"tr", "script", "template"},
}
INTERACTIVE = {"a", "button", "input", "select", "textarea", "label", "details", "summary", "iframe"}
# Elements that take part in no flow of text: blocks may not stand in them.
PHRASING = {"p", "span", "a", "b", "i", "em", "strong", "code", "small", "h1", "h2", "h3", "h4", "h5", "h6", "button", "summary", "label", "abbr"}
BLOCKS = {"div", "p", "ul", "ol", "dl", "table", "section", "article", "header", "footer", "nav", "main", "figure", "details", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "form", "hr", "aside"}
# Generic elements, which have no name to give unless they have a role.
NAMELESS = {"span", "div", "p", "b", "i", "em", "strong", "code", "small", "sub", "sup"}
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "headers")
OBSOLETE = {"center", "font", "big", "tt", "strike", "marquee", "frame", "frameset"}


def html_problems(path):
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"))
    document = parser.parse(path.read_bytes(), transport_encoding="utf-8")
    for (line, column), code, data in parser.errors[:20]:
        yield f"line {line}, column {column}: {E.get(code, code) % data}"
    yield from reference_problems(document)
    yield from element_problems(document, [])
    for name in ("title", "main"):
        found = sum(1 for _ in document.iter(HTML + name))
        if found != 1:
            yield f"{found} elements '{name}'"
    if not document.get("lang"):
        yield "the page has no language"


def reference_problems(document):
    ids = collections.Counter(e.get("id") for e in document.iter() if e.get("id") is not None)
    for name, count in ids.items():
        if count > 1 or not name or re.search(r"\s", name):
            yield f"the id '{name}' stands there {count} times"
    for element in document.iter():
        wanted = [part for name in REFERENCES for part in (element.get(name) or "").split()]
        link = element.get("href") or element.get("{http://www.w3.org/1999/xlink}href") or ""
        if link.startswith("#") and len(link) > 1:
            wanted.append(urllib.parse.unquote(link[1:]))
        yield from (f"nothing has the id '{name}'" for name in wanted if name not in ids)
        source = element.get("src")
        if source and not source.startswith("data:") or link and local(element) == "link":
            yield f"'{(source or link)[:100]}' is fetched from elsewhere"


def element_problems(element, above):
    name = local(element)
    if not isinstance(element.tag, str):
        return
    if element.tag.startswith(HTML):
        yield from nesting_problems(element, name, above)
        yield from attribute_problems(element, name)
    for child in element:
        if isinstance(child.tag, str):
            yield from element_problems(child, [*above, name])


def nesting_problems(element, name, above):
    parent = above[-1] if above else None
    if name in PARENTS and parent not in PARENTS[name]:
        yield f"'{name}' stands in '{parent}'"
    if parent in CHILDREN and name not in CHILDREN[parent]:
        yield f"'{name}' stands in '{parent}'"
    if parent in CHILDREN and (element.tail or "").strip():
        yield f"text stands in '{parent}'"
    if name in INTERACTIVE - {"label", "summary", "details"} and {"a", "button"} & set(above):
        yield f"'{name}' stands in a link or button"
    if name in BLOCKS and PHRASING & set(above) and not ("summary" in above and re.fullmatch("h[1-6]", name)):
        inner = next(n for n in reversed(above) if n in PHRASING)
        yield f"'{name}' stands in '{inner}'"
    if name == "details" and (len(element) == 0 or local(element[0]) != "summary"):
        yield "'details' does not begin with its summary"
    if name in OBSOLETE:
        yield f"'{name}' is obsolete"


def attribute_problems(element, name):
    if name == "img" and element.get("alt") is None:
        yield "a picture without 'alt'"
    if element.get("aria-label") is not None and name in NAMELESS and element.get("role") in (None, "generic", "presentation"):
        yield f"'{name}' without a role has an 'aria-label'"
    for number in ("width", "height", "colspan", "rowspan"):
        value = element.get(number)
        if value is not None and not re.fullmatch(r"[0-9]+", value):
            yield f"'{name}' has {number}=\"{value}\", and only whole numbers are allowed"
    for event in (key for key in element.keys() if key.startswith("on")):
        yield f"'{name}' has the handler '{event}'"


def local(element):
    return element.tag.split("}")[-1] if isinstance(element.tag, str) else ""


def main():
    failed = 0
    for path in map(pathlib.Path, sys.argv[1:]):
        for problem in html_problems(path):
            failed += 1
            print(f"{path}: {problem}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
