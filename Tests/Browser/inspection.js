// What nobody should meet on a page. Defines `inspection` with four questions; each answers a list of sentences, empty when all is well.
(() => {
    const seen = e => e.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true }) && e.getClientRects().length > 0;
    const sentence = (what, e) => `${what}: ${e.outerHTML.replace(/\s+/g, " ").slice(0, 160)}`;
    const words = ids => (ids || "").split(/\s+/).map(id => document.getElementById(id)?.textContent.trim() ?? "").join(" ").trim();

    // Names, headings, ids and what refers to them (WCAG 1.3.1, 2.4.6, 3.3.2, 4.1.2).

    const isField = e => e.matches("input, select, textarea, meter, progress");
    function name(e) {
        const given = words(e.getAttribute("aria-labelledby")) || e.getAttribute("aria-label")?.trim();
        if (given) return given;
        if (isField(e)) return e.matches("[type=submit], [type=button]") ? e.value : [...e.labels ?? []].map(label => label.textContent.trim()).join(" ");
        const alternatives = [...e.querySelectorAll("img[alt], svg[aria-label]")].map(image => image.alt ?? image.getAttribute("aria-label"));
        return [e.textContent.trim(), ...alternatives, e.title].join(" ").trim();
    }

    function structure() {
        const wrong = [];
        for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea, meter, progress, button, summary, a[href], [role=img]")) {
            if (e.closest("[aria-hidden=true]")) continue;
            if ((seen(e) || e.matches("[type=radio], [type=checkbox]") && e.checkVisibility()) && !name(e)) wrong.push(sentence("no name", e));
        }
        for (const e of document.querySelectorAll("img:not([alt])")) wrong.push(sentence("a picture without words", e));
        for (const e of document.querySelectorAll("table")) if (seen(e) && !e.querySelector("th")) wrong.push(sentence("a table without headings", e));
        for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) wrong.push(sentence("an order of its own", e));
        const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
        for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) wrong.push(`an id twice: ${id}`);
        for (const attribute of ["for", "aria-labelledby", "aria-describedby", "aria-controls"]) {
            for (const e of document.querySelectorAll(`[${attribute}]`)) {
                for (const id of e.getAttribute(attribute).split(/\s+/)) if (!document.getElementById(id)) wrong.push(sentence(`${attribute} leads nowhere`, e));
            }
        }
        for (const e of document.querySelectorAll("main, main *")) {
            const { overflowX, textOverflow } = getComputedStyle(e);
            if (!["hidden", "clip"].includes(overflowX) || textOverflow === "ellipsis" || e.clientWidth < 2 || e.closest("svg, input, select")) continue;
            if (e.scrollWidth > e.clientWidth + 1) wrong.push(sentence(`cut off at ${e.clientWidth} of ${e.scrollWidth} px`, e));
        }
        let level = 0;
        for (const e of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
            if (!seen(e)) continue;
            if (Number(e.tagName[1]) > level + 1) wrong.push(sentence(`a heading after level ${level}`, e));
            level = Number(e.tagName[1]);
        }
        if (document.querySelectorAll("main").length !== 1) wrong.push("not one main");
        if ([...document.querySelectorAll("h1")].filter(seen).length !== 1) wrong.push("not one h1");
        if (!document.title.trim() || !document.documentElement.lang) wrong.push("no title or no language");
        return [...new Set(wrong)];
    }

    // Contrast (WCAG 1.4.3), of colours as they are painted: any notation, half transparent, in HTML and in drawings.

    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
    const known = new Map();
    function colour(text) {
        if (!known.has(text)) {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = text;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
            known.set(text, { r, g, b, a: a / 255 });
        }
        return known.get(text);
    }
    const over = (upper, lower, opacity = 1) => {
        const a = upper.a * opacity, mix = part => upper[part] * a + lower[part] * (1 - a);
        return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
    };
    const light = ({ r, g, b }) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
    const ratio = (one, other) => {
        const [more, less] = [light(one), light(other)].sort((a, b) => b - a);
        return (more + 0.05) / (less + 0.05);
    };
    const opacity = e => e ? Number(getComputedStyle(e).opacity) * opacity(e.parentElement) : 1;

    function ground(e) {
        if (!e) return colour(matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff");
        const own = colour(getComputedStyle(e).backgroundColor);
        return own.a === 1 ? own : over(own, ground(e.parentElement));
    }

    // Under text in a drawing lies what was drawn before it at its middle.
    function groundInDrawing(text) {
        const svg = text.closest("svg"), box = text.getBoundingClientRect();
        let under = ground(svg);
        for (const shape of svg.querySelectorAll("rect, path, circle, polygon, text")) {
            if (shape === text) break;
            if (shape.matches("text, defs *, clipPath *") || !seen(shape)) continue;
            const style = getComputedStyle(shape), matrix = shape.getScreenCTM();
            if (style.fill === "none" || !matrix) continue;
            const middle = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2).matrixTransform(matrix.inverse());
            if (shape.isPointInFill(middle)) under = over(colour(style.fill), under, Number(style.fillOpacity) * Number(style.opacity));
        }
        return under;
    }

    function contrast() {
        const wrong = [];
        const judge = (e, ink, under) => {
            const style = getComputedStyle(e), size = parseFloat(style.fontSize), isLarge = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
            const found = ratio(over(ink, under, opacity(e)), under);
            if (found < (isLarge ? 3 : 4.5)) wrong.push(sentence(`contrast ${found.toFixed(2)}`, e));
        };
        const done = new Set(), walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node; (node = walker.nextNode());) {
            const e = node.parentElement;
            if (!node.textContent.trim() || done.has(e) || !seen(e) || e.closest(".sr, .skip, progress, meter, option, script, title, :disabled")) continue;
            done.add(e);
            const drawn = e.closest("svg") && e.closest("text");
            if (drawn) judge(e, colour(getComputedStyle(e).fill), groundInDrawing(drawn));
            else judge(e, colour(getComputedStyle(e).color), ground(e));
        }
        for (const e of document.querySelectorAll("input:not([type=hidden], [type=radio], [type=checkbox]), select, textarea")) {
            if (!seen(e) || e.disabled) continue;
            const hint = e.placeholder && !e.value;
            judge(e, colour(getComputedStyle(e, hint ? "::placeholder" : null).color), ground(e));
        }
        return [...new Set(wrong)];
    }

    // The keyboard (WCAG 2.4.3, 2.4.7). `begin` puts it before the first stop and answers how often Tab is to be pressed;
    // after that `keyboard` says what those stops were. Of a page with very many, those at its beginning are looked at.

    const most = 250;
    let stops = [];
    addEventListener("focusin", event => {
        const e = event.target, style = getComputedStyle(e);
        const shows = e => { const style = getComputedStyle(e); return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && ratio(over(colour(style.outlineColor), ground(e.parentElement)), ground(e.parentElement)) >= 3; };
        stops.push({ e, shows: shows(e) || [...e.labels ?? []].some(shows), isSeen: style.visibility === "visible" && e.getClientRects().length > 0 });
    });
    const isStop = e => {
        if (e.matches(":disabled, [type=hidden]") || e.tabIndex < 0 || !e.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })) return false;
        if (!e.matches("[type=radio]")) return true;
        const group = [...document.querySelectorAll(`[type=radio][name="${CSS.escape(e.name)}"]`)].filter(other => other.form === e.form);
        return e === (group.find(other => other.checked) ?? group[0]);
    };
    const wanted = () => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")].filter(isStop);

    function begin() {
        const start = document.body.insertBefore(document.createElement("span"), document.body.firstChild);
        start.tabIndex = -1;
        start.focus({ preventScroll: true });
        start.remove();
        stops = [];
        const parts = { date: 4, month: 3, "datetime-local": 7, time: 4, file: 1 };
        return wanted().slice(0, most).reduce((sum, e) => sum + (parts[e.type] ?? 1), 2);
    }

    function keyboard() {
        const wrong = [], again = stops.findIndex(({ e }, at) => stops.findIndex(other => other.e === e) < at);
        const met = (again < 0 ? stops : stops.slice(0, again)).filter(({ e }) => e.isConnected);
        met.forEach(({ e, shows, isSeen }, at) => {
            if (!shows) wrong.push(sentence("does not show that it has the focus", e));
            if (!isSeen) wrong.push(sentence("has the focus and is not there to see", e));
            const before = met[at - 1]?.e;
            if (before && !(before.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING)) wrong.push(sentence("Tab goes back to", e));
        });
        // Where Tab did not come round, nothing is said of what follows the last stop: what scrolls may be a stop of the browser's own.
        const elements = new Set(met.map(({ e }) => e)), last = again < 0 ? met.at(-1)?.e : null;
        const isAhead = e => last && last.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING;
        for (const e of wanted().slice(0, most)) if (!elements.has(e) && !isAhead(e)) wrong.push(sentence("Tab never comes to", e));
        stops = [];
        return [...new Set(wrong)];
    }

    window.inspection = { structure, contrast, begin, keyboard };
})();
