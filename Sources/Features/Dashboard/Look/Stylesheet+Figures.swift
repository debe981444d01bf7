extension Stylesheet {
    /// What the working pages are made of: facts, figures, tags, progress, logs.
    static let figures = """
        .badge.bad { background: var(--bad-ground); border-color: var(--bad-line); color: var(--bad); }
        .badges { display: inline-flex; flex-wrap: wrap; gap: 0.375rem; align-items: center; }
        .tag { display: inline-block; max-width: 100%; padding: 0 0.375rem; border-radius: 5px; background: var(--sunken); border: 1px solid var(--line); color: var(--muted); font: 0.75rem/1.5 ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
        .head-actions { display: flex; flex-wrap: wrap; gap: 0.5rem; }
        .card h2 + * { margin-top: 0.75rem; } .card-head h2 + * { margin-top: 0.125rem; }
        .columns { display: grid; gap: 1.25rem 2rem; margin-top: 1.25rem; grid-template-columns: minmax(0, 1fr); }
        .grid { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); }
        @media (min-width: 48rem) {
            .columns, .grid.two { grid-template-columns: repeat(2, minmax(0, 1fr)); }
            .fields.three { grid-template-columns: repeat(3, minmax(0, 1fr)); }
        }
        .facts { display: grid; grid-template-columns: minmax(6rem, max-content) minmax(0, 1fr); gap: 0.375rem 1rem; margin: 0.75rem 0 0; font-size: 0.875rem; }
        .facts:first-child { margin-top: 0; } .card > .card-head:last-child { margin-bottom: 0; }
        .facts dt { color: var(--muted); } .facts dd { margin: 0; overflow-wrap: anywhere; }
        .figures { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 0.75rem 0 0; }
        .figures dt { color: var(--muted); font-size: 0.8125rem; } .figures dd { margin: 0.125rem 0 0; font-size: 1.25rem; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; overflow-wrap: anywhere; }
        .figures dd small { display: block; font-size: 0.8125rem; font-weight: 400; color: var(--muted); letter-spacing: 0; }
        .figures:first-child { margin-top: 0; } .figures + .hint { margin-top: 0.75rem; }
        .trouble { margin-top: 0.75rem; color: var(--bad); font-size: 0.875rem; overflow-wrap: anywhere; }
        .operation + .operation { border-top: 1px solid var(--line); margin-top: 0.875rem; padding-top: 0.875rem; }
        .operation details { margin-top: 0.375rem; font-size: 0.875rem; } .operation summary { cursor: pointer; color: var(--muted); }
        .steps { margin: 0.375rem 0 0; padding-left: 1.5rem; }
        progress { display: block; width: 100%; height: 0.5rem; margin-top: 0.625rem; appearance: none; border: 0; border-radius: 999px; background: var(--sunken); overflow: hidden; }
        progress::-webkit-progress-bar { background: var(--sunken); border: 1px solid var(--line); border-radius: 999px; }
        progress::-webkit-progress-value { background: var(--button); border-radius: 999px; } progress::-moz-progress-bar { background: var(--button); }
        progress.over::-webkit-progress-value { background: var(--bad); } progress.over::-moz-progress-bar { background: var(--bad); }
        .log, .block-text { margin: 0.75rem 0 0; padding: 0.75rem 1rem; max-height: 24rem; overflow: auto; background: var(--sunken); border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; }
        .card.empty pre { text-align: left; margin: 1rem auto 0; max-width: 40rem; padding: 0.75rem 1rem; background: var(--sunken); border: 1px solid var(--line); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; color: var(--text); }
        .filters { padding: 0; margin-bottom: 1.25rem; } .filters > summary { padding: 0.75rem 1.25rem; cursor: pointer; font-weight: 550; font-size: 0.875rem; } .filters form { padding: 0 1.25rem 1.25rem; }
        input[type=checkbox] { width: 1.125rem !important; height: 1.125rem !important; padding: 0; accent-color: var(--button); flex: none; }
        .check { display: flex; align-items: center; gap: 0.5rem; margin: 0; font-weight: 400; }
        a.name { color: var(--text); text-decoration: none; } a.name:hover { text-decoration: underline; }
        textarea { width: 100%; min-height: 5rem; padding: 0.5rem 0.75rem; font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--line-strong); border-radius: 8px; resize: vertical; }
        .flush { margin-top: 1rem; } .flush th:first-child, .flush td:first-child { padding-left: 0.75rem; } .flush th { border-top: 1px solid var(--line); }
        progress.thin { height: 0.375rem; margin: 0.5rem 0 0; } .wide-cell { width: 45%; }
        .pick { display: flex; align-items: center; gap: 0.5rem; margin-bottom: 1.25rem; } .pick label { margin: 0; }
        .row-actions .inline { justify-content: flex-end; } .row-actions .inline input:not([type=hidden]) { width: 7rem; height: 2rem; font-size: 0.8125rem; }
        .meter { min-width: 8rem; } .meter span { white-space: nowrap; } .meter progress { margin-top: 0.25rem; }
        .long { overflow-wrap: anywhere; } h1 { overflow-wrap: anywhere; }
        .spaced { margin-top: 1.25rem; } .add { padding-top: 1.25rem; border-top: 1px solid var(--line); }
        .inset { padding: 0 1.25rem 1.25rem; } .field.end { align-self: end; }
        .way { list-style: none; counter-reset: step; margin: 1rem 0 0; padding: 0; }
        .way > li { counter-increment: step; position: relative; padding: 0 0 1.5rem 2.75rem; } .way > li:last-child { padding-bottom: 0; }
        .way > li::before { content: counter(step); position: absolute; left: 0; top: -0.125rem; width: 1.75rem; height: 1.75rem; border-radius: 50%; display: grid; place-items: center; background: var(--accent-ground); color: var(--accent); font-weight: 650; font-size: 0.875rem; }
        .way form, .way .fresh { margin: 0.75rem 0 0; } .start { margin-bottom: 1.5rem; }
        .arrival { margin-top: 0.75rem; padding: 0.625rem 1rem; border: 1px dashed var(--line-strong); border-radius: 8px; color: var(--muted); }
        .arrival.arrived { border: 1px solid var(--good-line); background: var(--good-ground); color: var(--good); }
        .budget + .budget { margin-top: 1rem; } .split { display: flex; gap: 1rem; justify-content: space-between; overflow-wrap: anywhere; }
        .rows { list-style: none; margin: 0.75rem 0 0; padding: 0; } .rows > li { display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; align-items: center; justify-content: space-between; padding: 0.5rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
        .rows > li:first-child { border-top: 0; } .rows > li > :first-child { min-width: 0; }
        """
}
