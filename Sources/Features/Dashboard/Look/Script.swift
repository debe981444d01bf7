/// The little that a page cannot do without a script. Without it everything still works: a secret is copied by hand, revoking asks on a page.
enum Script {
    static let text = """
        "use strict";
        const all = (selector, body) => document.querySelectorAll(selector).forEach(body);

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

        all("[data-copy]", button => {
            const label = button.textContent;
            button.hidden = false;
            button.addEventListener("click", async () => {
                const source = document.getElementById(button.dataset.copy);
                button.textContent = await copy(source.textContent.trim(), source) ? "Copied" : "Press Ctrl+C";
                setTimeout(() => { button.textContent = label; }, 2000);
            });
        });

        all("[data-confirm]", button => button.addEventListener("click", event => {
            if (!confirm(button.dataset.confirm)) return event.preventDefault();
            const field = document.createElement("input");
            field.type = "hidden";
            field.name = "confirmed";
            field.value = "yes";
            button.form.append(field);
        }));

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
        """
}
