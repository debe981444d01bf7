/// The one style sheet: system fonts, light and dark, from a phone to a desktop.
enum Stylesheet {
    static let text = [colours, base, frame, parts, tables, figures, docs, charts].joined(separator: "\n")

    /// Text on its ground has a contrast of at least 4.5 in both themes.
    private static let colours = """
        :root {
            color-scheme: light dark;
            --ground: #f6f7f9; --surface: #ffffff; --sunken: #f1f3f6; --line: #e1e5eb; --line-strong: #c3cad5;
            --text: #14171f; --muted: #566072; --accent: #3d4ed8; --accent-ground: #eceefc; --button: #4454dd; --button-hover: #3543bd;
            --good: #0b6b3d; --good-ground: #e6f5ec; --good-line: #b5dfc7; --warn: #7d4b00; --warn-ground: #fdf1db; --bad: #b3231a;
            --bad-ground: #fdecea; --bad-line: #f3c4bf; --shadow: 0 1px 2px rgb(16 24 40 / 6%), 0 1px 3px rgb(16 24 40 / 5%);
        }
        @media (prefers-color-scheme: dark) {
            :root {
                --ground: #0d1017; --surface: #151a23; --sunken: #10141c; --line: #262d3a; --line-strong: #3b4557;
                --text: #e7eaf0; --muted: #9aa5b7; --accent: #9aa6ff; --accent-ground: #1f2645; --button: #5262e6; --button-hover: #6473f0;
                --good: #74d8a4; --good-ground: #10261b; --good-line: #1f4a35; --warn: #f0c070; --warn-ground: #2d2410; --bad: #ff9f96;
                --bad-ground: #331614; --bad-line: #5e2622; --shadow: none;
            }
        }
        """

    private static let base = """
        *, *::before, *::after { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1.5rem; }
        body { margin: 0; background: var(--ground); color: var(--text); font: 400 0.9375rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        h1, h2, h3 { line-height: 1.25; margin: 0; font-weight: 650; letter-spacing: -0.011em; text-wrap: balance; }
        h1 { font-size: 1.625rem; } h2 { font-size: 1.125rem; } h3 { font-size: 1rem; }
        p { margin: 0; } p, li { text-wrap: pretty; }
        a { color: var(--accent); text-underline-offset: 0.18em; text-decoration-thickness: 1px; }
        code, pre, .mono { font-family: ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", "DejaVu Sans Mono", monospace; font-size: 0.8125rem; }
        :focus { outline: none; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
        main:focus-visible { outline: none; }
        [hidden] { display: none !important; }
        .icon { flex: none; } .mark { flex: none; display: block; }
        .muted { color: var(--muted); } .small { font-size: 0.8125rem; }
        .skip { position: absolute; left: -999rem; top: 0.5rem; z-index: 2; padding: 0.5rem 1rem; background: var(--surface); border-radius: 6px; }
        .skip:focus { left: 0.5rem; }
        .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        """

    private static let frame = """
        .brand { display: flex; align-items: center; gap: 0.625rem; color: inherit; font-weight: 650; font-size: 1.0625rem; letter-spacing: -0.01em; text-decoration: none; }
        .side { display: flex; align-items: center; flex-wrap: wrap; gap: 0.25rem 0.5rem; padding: 0.625rem 1rem; background: var(--surface); border-bottom: 1px solid var(--line); }
        .workspace { color: var(--muted); font-size: 0.8125rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 9rem; flex: 1 1 2rem; min-width: 0; }
        .workspace::before { content: "/"; margin-right: 0.5rem; color: var(--line-strong); }
        .main-nav ul { list-style: none; margin: 0; padding: 0; }
        .main-nav a { display: flex; align-items: center; gap: 0.5rem; padding: 0.5625rem 0.5rem; color: var(--muted); text-decoration: none; border-radius: 6px; font-weight: 500; }
        .main-nav a:hover { color: var(--text); background: var(--sunken); }
        .main-nav a[aria-current] { color: var(--accent); background: var(--accent-ground); }
        .main-nav .icon { width: 18px; height: 18px; }
        .mode { margin: 0 0 0.75rem; }
        .mode .switch button { height: auto; border: 0; border-radius: 6px; background: none; color: var(--muted); font-weight: 500; padding: 0.125rem 0.5rem; }
        .mode .switch button[aria-pressed=true] { background: var(--surface); color: var(--text); box-shadow: 0 0 0 1px var(--line-strong); }
        .mode-badge { margin-left: auto; }
        .column { display: none; }
        .menu { margin-left: auto; } .mode-badge + .column + .menu { margin-left: 0; }
        .menu > summary { list-style: none; display: flex; align-items: center; gap: 0.375rem; height: 2.25rem; padding: 0 0.625rem; border: 1px solid var(--line-strong); border-radius: 8px; font-weight: 500; font-size: 0.875rem; cursor: pointer; }
        .menu > summary::-webkit-details-marker { display: none; }
        .menu[open] { flex: 1 0 100%; order: 3; margin-left: 0; } .menu[open] > summary { width: max-content; margin-left: auto; }
        .menu .panel { padding: 0.75rem 0 0.25rem; } .menu .who { border-top: 1px solid var(--line); padding-top: 0.75rem; margin-top: 0.75rem; display: flex; gap: 1rem; align-items: center; justify-content: space-between; }
        .who .email { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 0.8125rem; color: var(--muted); min-width: 0; }
        main { padding: 1.5rem 1rem 4rem; max-width: 66rem; min-width: 0; }
        .page-head { display: flex; flex-wrap: wrap; align-items: end; gap: 1rem; justify-content: space-between; margin-bottom: 1.25rem; }
        .page-head p { color: var(--muted); margin-top: 0.25rem; max-width: 42rem; }
        .section-head { margin-bottom: 1rem; } .section-head p { color: var(--muted); margin-top: 0.25rem; max-width: 46rem; }
        .crumb { font-size: 0.8125rem; font-weight: 500; color: var(--muted); margin-bottom: 0.25rem; }
        .tabs { display: flex; gap: 1.25rem; border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; }
        .tabs a { padding: 0.5rem 0; color: var(--muted); text-decoration: none; font-weight: 500; border-bottom: 2px solid transparent; margin-bottom: -1px; }
        .tabs a[aria-current] { color: var(--text); border-color: var(--accent); }
        .stack > * + * { margin-top: 1.5rem; }

        .alone { display: grid; place-items: center; min-height: 100vh; min-height: 100svh; padding: 1.5rem 1rem; }
        .alone main { width: 100%; max-width: 25rem; padding: 0; }
        .alone .brand { justify-content: center; margin-bottom: 1.5rem; font-size: 1.1875rem; }
        .alone .card { padding: 1.75rem; }
        .alone .card > h1 { font-size: 1.25rem; } .alone .card > h1 + p { color: var(--muted); margin: 0.375rem 0 1.25rem; }
        .alone .after { text-align: center; margin-top: 1.25rem; color: var(--muted); font-size: 0.875rem; }
        .status-code { font: 650 0.8125rem/1 ui-monospace, monospace; color: var(--accent); margin-bottom: 0.75rem; }

        @media (min-width: 60rem) {
            .app { display: grid; grid-template-columns: 15rem minmax(0, 1fr); min-height: 100vh; background: linear-gradient(to right, var(--surface) calc(15rem - 1px), var(--line) calc(15rem - 1px) 15rem, var(--ground) 15rem); }
            .side { position: sticky; top: 0; height: 100vh; flex-direction: column; align-items: stretch; flex-wrap: nowrap; gap: 0; padding: 1.25rem 0.875rem; border: 0; border-right: 1px solid var(--line); }
            .side .brand { padding: 0 0.5rem; }
            .workspace { padding: 0 0.5rem; margin: 1.25rem 0 0; max-width: none; flex: none; font-weight: 500; color: var(--text); font-size: 0.875rem; }
            .workspace::before { content: "Workspace"; display: block; margin: 0; color: var(--muted); font-weight: 400; font-size: 0.75rem; }
            .menu { display: none; }
            .column { display: flex; flex-direction: column; flex: 1; min-height: 0; margin-top: 1rem; }
            .mode-badge { margin: 0.375rem 0 0 0.5rem; align-self: start; }
            .main-nav { flex: 0 1 auto; overflow-y: auto; margin: 0 -0.375rem; padding: 0.125rem 0.375rem; } .main-nav li + li { margin-top: 2px; } .main-nav a { padding: 0.4375rem 0.5rem; }
            .who { margin: auto 0 0; padding: 0.875rem 0.5rem 0; border-top: 1px solid var(--line); }
            .who .email { display: block; margin-bottom: 0.5rem; }
            .who button { width: 100%; font-weight: 500; }
            main { padding: 2.5rem 2.5rem 5rem; }
        }
        """
}
