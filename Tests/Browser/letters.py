"""Walks what belongs to webhooks: one is made, a letter that its receiver first refuses is sent again by the page's button, and what arrives is the same
letter with a signature that the library of its receivers takes."""
import contextlib
import http.server
import threading


ROW = "[...document.querySelectorAll('[data-delivery-id]')].find(row => row.textContent.includes('budget.created'))"


class Letters:
    def __init__(self, walk):
        self.walk, self.page, self.check, self.photograph = walk, walk.page, walk.check, walk.photograph

    def begin(self):
        with receiver() as (address, post):
            webhook, secret = self.make(address)
            self.test(post)
            self.fail(webhook, post)
            self.replay(post, secret)

    def make(self, address):
        self.walk.go("/app/webhooks")
        self.page.click("details.new > summary")
        self.page.fill("#url", address)
        self.page.fill("#events", "budget.created")
        with self.page.navigation():
            self.page.click("#create-webhook")
        secret = self.page.text("#secret") or ""
        self.check("a webhook's secret is shown once", secret.startswith("whsec_"), secret[:6])
        self.photograph("webhook-secret")
        return self.page.address, secret

    def test(self, post):
        """A test comes whatever the filters are."""
        with self.page.navigation():
            self.page.click("[data-action=test]")
        self.page.wait_for("[data-delivery-id] .badge.good")
        self.check("a test arrives, and the page says so by itself", len(post.letters) == 1, post.letters)
        with self.page.navigation():
            self.page.click("[data-delivery-id] a")
        self.check("the request and the answer are shown", "webhook-id" in self.page.text("main") and "thank you" in self.page.text("main"))
        self.photograph("delivery")
        with self.page.navigation():
            self.page.click("[data-action=retry]")
        self.page.wait_until("document.querySelectorAll('#delivery > section.card').length > 3")
        self.check("sent again, it arrives again under the same id", len(post.letters) == 2 and post.letters[0].id == post.letters[1].id, post.letters)
        self.photograph("delivery-again")

    def fail(self, webhook, post):
        post.letters.clear()
        post.status = 500
        with self.walk.client("test_api_key") as client:
            made = client.call("POST", "/v1/budgets", {"name": "Told of", "amount": "100", "scope": {"project_id": self.walk.credentials["project_id"]}})
        self.check("something happens", made.status == 201, made)
        self.page.go(webhook)
        self.page.wait_until(f"{ROW}?.textContent.includes('500')")
        self.check("a receiver that fails is shown with its answer", True)
        self.photograph("webhook-failing")

    def replay(self, post, secret):
        """After the second attempt the server would wait for five minutes; the button does not."""
        import standardwebhooks
        self.page.wait_until(f"{ROW}?.querySelector('[data-label=Attempts]').textContent === '2'")
        before, post.status = len(post.letters), 204
        self.page.click("details.filters > summary")
        self.page.fill("#event_id", post.letters[0].id)
        with self.page.navigation():
            self.page.click("[data-action=replay]")
        self.page.wait_until(f"!!{ROW}?.querySelector('.badge.good')")
        self.page.wait_until("!document.querySelector('#webhook-state').textContent.includes('Nothing has got through')")
        self.check("what failed is sent again by the page's button, and the page says by itself that it arrived", (before, len(post.letters)) == (2, 3), post.letters)
        self.photograph("webhook-replayed")
        first, *others = post.letters
        self.check("it is the same letter, byte for byte", others and all((each.id, each.body) == (first.id, first.body) for each in others), post.letters)
        for letter in post.letters:
            standardwebhooks.Webhook(secret).verify(letter.body, letter.headers)  # raises where it does not fit
        self.check("each time with a signature of its time that the receivers' library takes", True)


class Letter:
    def __init__(self, headers, body):
        self.headers, self.body = {name.lower(): value for name, value in headers.items()}, body
        self.id = self.headers["webhook-id"]

    def __repr__(self):
        return f"{self.id} {self.body[:80]!r}"


class Post:
    """Somebody's own server that webhooks are sent to: answers `status`, and keeps what came."""

    status = 200

    def __init__(self):
        self.letters = []


@contextlib.contextmanager
def receiver():
    post = Post()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            post.letters.append(Letter(self.headers, self.rfile.read(int(self.headers.get("content-length", 0)))))
            self.send_response(post.status)
            self.end_headers()
            if post.status == 200:
                self.wfile.write(b"thank you")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hooks", post
    finally:
        server.shutdown()
