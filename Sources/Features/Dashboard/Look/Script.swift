/// The little that a page cannot do without a script. Without it everything still works: a secret is copied by hand, revoking asks on a page,
/// and what changes by itself is seen by a reload.
enum Script {
    static let text = """
        "use strict";
        const all = (selector, body, root = document) => root.querySelectorAll(selector).forEach(body);

        async function copy(text, source) {
            try {
                await navigator.clipboard.writeText(text);
                return true;
            } catch {
                const range = document.createRange();
                range.selectNodeContents(source);
                getSelection().removeAllRanges();
                getSelection().addRange(range);
                return document.execCommand("copy");
            }
        }

        const offerCopies = root => all("[data-copy]", button => {
            const label = button.textContent;
            button.hidden = false;
            button.addEventListener("click", async () => {
                const source = document.getElementById(button.dataset.copy);
                button.textContent = await copy(source.textContent.trim(), source) ? "Copied" : "Press Ctrl+C";
                setTimeout(() => { button.textContent = label; }, 2000);
            });
        }, root);
        offerCopies(document);

        document.addEventListener("click", event => {
            const button = event.target.closest("[data-confirm]");
            if (!button) return;
            if (!confirm(button.dataset.confirm)) return event.preventDefault();
            const field = document.createElement("input");
            field.type = "hidden";
            field.name = "confirmed";
            field.value = "yes";
            button.form.append(field);
        });

        all("[data-reveal]", button => {
            const field = document.getElementById(button.dataset.reveal);
            button.hidden = false;
            button.addEventListener("click", () => {
                field.type = field.type === "password" ? "text" : "password";
                button.textContent = field.type === "password" ? "Show" : "Hide";
                field.focus();
            });
        });

        // The answer to a form: a reload asks for the page again and does not send the form again.
        all("[data-address]", page => history.replaceState(null, "", page.dataset.address));

        // An invitation's token may stand behind the #, which no server sees.
        all("[data-from-fragment]", field => {
            if (!location.hash.startsWith("#inv_")) return;
            field.value = location.hash.slice(1);
            history.replaceState(null, "", location.pathname);
        });

        all("[data-focus]", element => element.focus());

        // Where tabs are wider than a phone, the open one is brought into sight.
        const showTab = () => all(".tabs [aria-current]", tab => {
            const tabs = tab.parentElement;
            tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
        });
        showTab();
        addEventListener("resize", showTab);

        // Parts of a page that keep up: the page is asked for again and each part that changed takes the place of the old one, unless
        // somebody is at work in it. data-live is the pause in milliseconds; a part that comes without one is done.
        const parts = () => [...document.querySelectorAll("[data-live]")];
        const content = part => part.innerHTML.replace(/name="(once|form_token)" value="[^"]*"/g, "");
        const shown = new Map(parts().map(part => [part.id, content(part)]));
        let failures = 0;
        async function keepUp() {
            if (!document.hidden) {
                try {
                    const answer = await fetch(location.href, { headers: { "Accept": "text/html" } });
                    if (answer.redirected) return location.reload();
                    if (!answer.ok) throw new Error(answer.status);
                    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
                    for (const part of parts()) {
                        const next = fresh.getElementById(part.id);
                        if (!next || part.contains(document.activeElement) || content(next) === shown.get(part.id)) continue;
                        shown.set(part.id, content(next));
                        part.replaceWith(document.adoptNode(next));
                        offerCopies(next);
                    }
                    failures = 0;
                } catch {
                    failures = Math.min(failures + 1, 5);
                }
            }
            const pauses = parts().map(part => Number(part.dataset.live) || 2000);
            if (pauses.length) setTimeout(keepUp, Math.min(...pauses) * 2 ** failures);
        }
        const pauses = parts().map(part => Number(part.dataset.live) || 2000);
        if (pauses.length) setTimeout(keepUp, Math.min(...pauses));
        """
}
