"""What is done on every page that a walk comes to: photographs as a phone and as a desktop, light and dark, and an inspection.

A page must not scroll sideways, as a phone and in the narrow column of WCAG 1.4.10; its fields, buttons and links have names; its headings are in
order, its ids are there once; its text, also in drawings, has the contrast of WCAG 1.4.3; Tab goes through everything in the order of the page,
and what has the focus shows it. What is found is a failure of the walk under the page's name.
"""
import json
from pathlib import Path

WINDOWS = {"phone": (390, 844), "desktop": (1280, 800)}
SCHEMES = ("light", "dark")
NARROWEST = 320
QUESTIONS = (Path(__file__).resolve().parent / "inspection.js").read_text()


class Inspection:
    """Of one browser's pages. `shots` is the folder of the photographs, `checks` what keeps count."""

    def __init__(self, page, checks, shots):
        self.page, self.checks, self.shots = page, checks, shots

    def photograph(self, name, each=lambda window: None, schemes=SCHEMES):
        """Photographs the page and looks it through; `each` is done once in each window."""
        self.page.evaluate(QUESTIONS)
        for window, size in WINDOWS.items():
            for scheme in schemes:
                self.page.look(*size, scheme)
                self.page.evaluate("scrollTo(0, 0)")
                self.page.shot(self.shots / f"{name}-{window}-{scheme}.png")
                self.ask(f"{name}, {window}, {scheme}", "contrast")
            each(window)
            self.ask(f"{name}, {window}", "structure")
            self.width(name, window, size[0])
        self.page.look(NARROWEST, 700, "light")
        self.width(name, f"window of {NARROWEST} px", NARROWEST)
        self.page.look(*WINDOWS["desktop"], "light")
        self.page.press("Tab", self.page.evaluate("inspection.begin()"))
        self.ask(f"{name}, by the keyboard", "keyboard")
        self.remember(name)

    def ask(self, where, question):
        found = self.page.evaluate(f"inspection.{question}()")
        if found:
            self.checks.that(f"{where}: everybody can read and use it", False, " | ".join(found[:5]))

    def width(self, name, window, most):
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > most:
            self.checks.that(f"{name} fits a {window}", False, f"it is {width} px wide")

    def remember(self, name):
        """For the album: what the page calls itself and where it is, without the server's port and what a link carries."""
        about = self.page.evaluate("({ title: document.title, path: location.pathname })")
        with (self.shots / "pages.jsonl").open("a") as pages:
            pages.write(json.dumps({"name": name} | about) + "\n")
