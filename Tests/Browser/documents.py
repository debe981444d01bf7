"""Walks the documentation that the server serves: the pages that links lead to; of the how-tos and of the problems, which are alike, one each."""

from inspection import SCHEMES


class Documents:
    def __init__(self, walk):
        self.walk, self.page, self.check, self.photograph = walk, walk.page, walk.check, walk.photograph

    def begin(self):
        seen, ahead = set(), ["/docs"]
        while ahead:
            path = ahead.pop(0)
            seen.add(path)
            self.walk.go(path)
            # Every endpoint there is makes a page that takes seconds to paint.
            self.photograph(path.strip("/").replace("/", "-"), schemes=("light",) if path == "/docs/endpoints" else SCHEMES)
            links = self.page.evaluate("[...document.querySelectorAll('a[href^=\"/docs\"]')].map(link => link.pathname)")
            ahead += [link for link in dict.fromkeys(links) if link not in seen | set(ahead) and not link.startswith(("/docs/errors/", "/docs/how-to/"))]
        for name, place in (("docs-error", "/docs/errors"), ("docs-how-to-of-one", "/docs/how-to")):
            self.walk.go(place)
            with self.page.navigation():
                self.page.click(f"main a[href^='{place}/']")
            self.photograph(name)
        self.check("the documentation's pages lead to each other", len(seen) > 5, seen)
