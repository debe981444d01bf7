extension Stylesheet {
    /// Charts and what stands around them.
    ///
    /// The colours of parts are Paul Tol's schemes for people who see colours differently, "bright" on light ground and "light" on dark
    /// (Colour Schemes, SRON/EPS/TN/09-002). Parts that touch are kept apart by a line in the colour of the ground.
    static let charts = """
        :root { --s0: #8a8f99; --s1: #4477aa; --s2: #ee6677; --s3: #228833; --s4: #ccbb44; --s5: #66ccee; --s6: #aa3377; --before: #6b7280; }
        @media (prefers-color-scheme: dark) {
            :root { --s0: #8b93a3; --s1: #77aadd; --s2: #ee8866; --s3: #44bb99; --s4: #eedd88; --s5: #99ddff; --s6: #ffaabb; --before: #b6bfcd; }
        }
        .chart svg { display: block; width: 100%; height: auto; overflow: visible; }
        progress + .chart, .figures + .chart { margin-top: 1.25rem; }
        .chart .wide { display: none; } .chart .narrow { max-width: 30rem; margin: 0 auto; }
        @media (min-width: 40rem) { .chart .wide { display: block; } .chart .narrow { display: none; } }
        .chart .tick { font-size: 12px; fill: var(--muted); font-variant-numeric: tabular-nums; } .chart .narrow .tick { font-size: 11px; }
        .chart .grid { stroke: var(--line); fill: none; } .chart .zero { stroke: var(--line-strong); fill: none; }
        .bar { stroke: var(--surface); stroke-width: 0.6; } .bar.thin { stroke: none; } .bar.s0 { fill: var(--s0); } .bar.s1 { fill: var(--s1); } .bar.s2 { fill: var(--s2); }
        .bar.s3 { fill: var(--s3); } .bar.s4 { fill: var(--s4); } .bar.s5 { fill: var(--s5); } .bar.s6 { fill: var(--s6); }
        .line { fill: none; stroke: var(--s1); stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
        .line.s2 { stroke: var(--s2); } .line.s0 { stroke: var(--before); } .line.dashed { stroke-dasharray: 5 5; stroke-width: 1.75; }
        .dot { fill: var(--s1); } .dot.s0 { fill: var(--before); } .dot.s2 { fill: var(--s2); }
        .slot { fill: transparent; } .slot:hover { fill: var(--text); fill-opacity: 0.06; }
        .marker path { stroke: var(--accent); stroke-dasharray: 2 3; } .marker circle { fill: var(--accent); }
        .marker text { font-size: 10px; font-weight: 650; fill: var(--surface); }
        .chart-title { font-size: 0.875rem; font-weight: 550; margin: 1.25rem 0 0.5rem; }
        .legend { list-style: none; display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin: 0.75rem 0 0; padding: 0; font-size: 0.8125rem; color: var(--muted); }
        .legend li { display: flex; align-items: center; gap: 0.375rem; min-width: 0; overflow-wrap: anywhere; }
        .swatch { flex: none; width: 0.75rem; height: 0.75rem; border-radius: 3px; background: var(--s0); display: inline-block; }
        .swatch.s1 { background: var(--s1); } .swatch.s2 { background: var(--s2); } .swatch.s3 { background: var(--s3); } .swatch.s4 { background: var(--s4); }
        .swatch.s5 { background: var(--s5); } .swatch.s6 { background: var(--s6); }
        .swatch.dashed { height: 0; border-top: 2px dashed var(--before); border-radius: 0; background: none; } .swatch.solid { height: 3px; }
        .markers { margin: 1rem 0 0; padding-left: 1.5rem; font-size: 0.8125rem; color: var(--muted); } .markers strong { color: var(--text); font-weight: 550; }
        .figures { display: flex; flex-wrap: wrap; gap: 0.5rem 2.5rem; margin: 0 0 1.25rem; }
        .figures dt { color: var(--muted); font-size: 0.8125rem; } .figures dd { margin: 0; font-size: 1.375rem; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -0.011em; }
        .figures:last-child { margin-bottom: 0; }
        .figures .small { font-size: 0.8125rem; font-weight: 400; letter-spacing: 0; color: var(--muted); display: block; }
        .behind { margin-top: 1rem; } .behind > summary { cursor: pointer; color: var(--muted); font-size: 0.875rem; }
        .behind .scroll { overflow-x: auto; max-height: 24rem; overflow-y: auto; border: 1px solid var(--line); border-radius: 8px; margin-top: 0.75rem; }
        .behind .scroll table { border-collapse: separate; border-spacing: 0; } .behind .scroll th { position: sticky; top: 0; } .behind .scroll td, .behind .scroll th { white-space: nowrap; padding: 0.375rem 0.75rem; }
        .wide-table { overflow-x: auto; } .wide-table td, .wide-table th { padding-top: 0.5rem; padding-bottom: 0.5rem; } .wide-table .name { min-width: 10rem; }
        .controls { display: grid; gap: 0.75rem; grid-template-columns: repeat(2, minmax(0, 1fr)); align-items: end; }
        .controls label { font-size: 0.8125rem; margin-bottom: 0.25rem; } .controls input:not([type=checkbox]), .controls select { height: 2.25rem; font-size: 0.875rem; padding-left: 0.625rem; }
        .controls .go { display: flex; gap: 0.75rem; align-items: center; }
        @media (min-width: 48rem) { .controls { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
        .tick-box { display: flex; align-items: center; gap: 0.5rem; font-weight: 400; margin: 0; } .tick-box input { width: 1rem !important; height: 1rem !important; accent-color: var(--button); margin: 0; flex: none; }
        .chips { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0 0 1rem; padding: 0; list-style: none; font-size: 0.8125rem; }
        .chips a { display: inline-flex; align-items: center; gap: 0.25rem; padding: 0.1875rem 0.75rem; border: 1px solid var(--line-strong); border-radius: 999px; color: var(--text); text-decoration: none; overflow-wrap: anywhere; }
        .chips a:hover { background: var(--sunken); } .chips a[aria-current] { background: var(--accent-ground); border-color: var(--accent); color: var(--accent); font-weight: 550; }
        .bar-cell { display: block; width: 100%; min-width: 5rem; height: 6px; } .bar-cell rect { fill: var(--s1); } .bar-cell .track { fill: var(--line); }
        .links { display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; font-size: 0.875rem; }
        textarea { font: inherit; color: inherit; width: 100%; min-height: 5rem; padding: 0.5rem 0.75rem; background: var(--surface); border: 1px solid var(--line-strong); border-radius: 8px; }
        .fields .all { grid-column: 1 / -1; }
        .tabs { overflow-x: auto; scrollbar-width: thin; white-space: nowrap; } .tabs a { flex: none; }
        @media (min-width: 62rem) { .tabs { flex-wrap: wrap; } }
        .facts-list { margin: 0; display: grid; gap: 0.75rem 2rem; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); } .facts-list dt { color: var(--muted); font-size: 0.8125rem; } .facts-list dd { margin: 0; overflow-wrap: anywhere; }
        .filter-line + .filter-line { margin-top: 1rem; padding-top: 1rem; border-top: 1px solid var(--line); }
        .filter-line { align-items: start; } .bar-cell { margin-top: 0.5rem; }
        textarea::placeholder { color: var(--muted); opacity: 1; } .boxes:has(> :only-child) { grid-template-columns: 1fr; }
        .filter-line textarea { min-height: 2.25rem; height: 3.5rem; }
        .badge.bad { background: var(--bad-ground); border-color: var(--bad-line); color: var(--bad); }
        input[type=file] { padding: 0.4375rem 0.75rem !important; } input[type=checkbox] { width: auto; height: auto; }
        .boxes { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: 0.375rem 1rem; font-size: 0.875rem; }
        """
}
