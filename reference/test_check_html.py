"""What `check_html.py` has to see: python -m unittest test_check_html, in this folder."""

import pathlib
import tempfile
import unittest

from check_html import html_problems

PAGE = '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>t</title></head><body><main>{}</main></body></html>'
RIGHT = ["<p>a</p>", '<a href="#b">x</a><p id=b>y', '<svg><rect x="1"/></svg>', '<span role="img" aria-label="x">y</span>']
WRONG = [
    "<div>",
    "</section>",
    "<b><i>x</b></i>",
    "<p><div></div></p>",
    "<span><div>x</div></span>",
    "<ul><p>x</p></ul>",
    "<dl><li>x</li></dl>",
    "<table><p>x</p></table>",
    "<tr><td>x</td></tr>",
    "<details><p>x</p></details>",
    "<a href='#'><button>x</button></a>",
    "<p id=a></p><p id=a></p>",
    "<p a=1 a=2>x</p>",
    '<a href="#nowhere">x</a>',
    '<img src="pictures/a.png" alt="">',
    '<img src="data:,">',
    "&nosuch;",
    "<span aria-label=x>y</span>",
    '<img src="data:," alt="" width="1.5">',
    '<p onclick="x">y</p>',
    '<svg><rect x="1"></svg>',
]


class CheckHtml(unittest.TestCase):
    def problems(self, body):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.html"
            page.write_text(PAGE.format(body), encoding="utf-8")
            return list(html_problems(page))

    def test_what_is_right_passes(self):
        for body in RIGHT:
            self.assertEqual(self.problems(body), [], body)

    def test_what_is_wrong_is_seen(self):
        for body in WRONG:
            self.assertNotEqual(self.problems(body), [], body)
