extension Stylesheet {
    static let docs = """
        .docs-top { background: var(--surface); border-bottom: 1px solid var(--line); }
        .docs-top > div { display: flex; align-items: center; justify-content: space-between; gap: 1rem; max-width: 76rem; margin: 0 auto; padding: 0.875rem 1rem; }
        .docs-top .brand em { font-style: normal; font-weight: 400; color: var(--muted); }
        .docs-shell { max-width: 76rem; margin: 0 auto; }
        .docs-nav { border-bottom: 1px solid var(--line); background: var(--surface); }
        .docs-nav ul { list-style: none; margin: 0; padding: 0 0.5rem; display: flex; overflow-x: auto; scrollbar-width: none; }
        .docs-nav a { display: block; padding: 0.75rem 0.5rem; color: var(--muted); text-decoration: none; white-space: nowrap; font-weight: 500; border-bottom: 2px solid transparent; }
        .docs-nav a:hover { color: var(--text); } .docs-nav a[aria-current] { color: var(--text); border-color: var(--accent); }
        .docs-nav .sub { display: none; }
        .prose { max-width: 46rem; }
        .prose > h1 + p { font-size: 1.0625rem; color: var(--muted); margin-top: 0.5rem; }
        .prose > h2 { font-size: 1.25rem; margin: 2.5rem 0 0.75rem; } .prose > h3 { margin: 1.75rem 0 0.5rem; }
        .prose p, .prose ul, .prose ol { margin: 0.75rem 0; } .prose ul, .prose ol { padding-left: 1.375rem; } .prose li { margin: 0.375rem 0; }
        .prose li::marker { color: var(--muted); }
        .prose :not(pre) > code { background: var(--sunken); border: 1px solid var(--line); border-radius: 4px; padding: 0.05rem 0.2rem; overflow-wrap: anywhere; }
        .prose a > code { color: inherit; }
        .prose td p { margin: 0; } .prose table { margin: 0.75rem 0; } .prose .scroll { overflow-x: auto; }
        .prose table { border: 1px solid var(--line); border-radius: 8px; border-spacing: 0; border-collapse: separate; overflow: hidden; background: var(--surface); }
        .prose th:first-child, .prose td:first-child { padding-left: 0.875rem; }
        .prose td { padding: 0.5rem 0.75rem; } .prose td:first-child { white-space: nowrap; }
        pre { margin: 0.75rem 0; padding: 0.875rem 1rem; background: var(--sunken); border: 1px solid var(--line); border-radius: 10px; overflow-x: auto; line-height: 1.6; }
        .block { position: relative; } .block button { position: absolute; right: 0.5rem; top: 0.5rem; }
        @media (max-width: 41.99rem) { .block { display: grid; margin-bottom: 1rem; } .block pre { min-width: 0; margin-bottom: 0.5rem; } .block button { position: static; justify-self: end; } }
        .facts { display: grid; grid-template-columns: auto 1fr; gap: 0.375rem 1.25rem; margin: 1rem 0; } .facts dt { color: var(--muted); } .facts dd { margin: 0; }
        .cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); margin: 1rem 0; }
        .cards .card { padding: 1rem 1.125rem; color: inherit; text-decoration: none; } .cards .card p { color: var(--muted); margin: 0.25rem 0 0; font-size: 0.875rem; }
        a.card:hover { border-color: var(--accent); } a.card h2, a.card h3 { color: var(--accent); font-size: 1rem; }

        .endpoint { padding: 2rem 0; border-top: 1px solid var(--line); } .endpoint > h3 { font-size: 1.0625rem; }
        .endpoint .line { display: flex; gap: 0.625rem; align-items: baseline; margin: 0.375rem 0 0.5rem; }
        .endpoint .line code { border: 0; background: none; padding: 0; font-size: 0.9375rem; overflow-wrap: anywhere; }
        .endpoint h4 { margin: 1.25rem 0 0.375rem; font-size: 0.8125rem; font-weight: 600; }
        .method { font: 650 0.6875rem/1.25rem ui-monospace, monospace; padding: 0 0.4375rem; border-radius: 5px; background: var(--accent-ground); color: var(--accent); flex: none; }
        .method.POST { background: var(--good-ground); color: var(--good); } .method.DELETE { background: var(--bad-ground); color: var(--bad); }
        .method.PATCH, .method.PUT { background: var(--warn-ground); color: var(--warn); }
        .codes { display: flex; flex-wrap: wrap; gap: 0.375rem; } .codes a { text-decoration: none; }
        .codes a:hover { text-decoration: underline; }
        .type { color: var(--muted); font-size: 0.8125rem; } .needed { color: var(--bad); font-size: 0.75rem; font-weight: 550; }
        @media (max-width: 47.99rem) { .prose td:first-child { white-space: normal; overflow-wrap: anywhere; } .prose .reflow td { display: block; text-align: left; padding: 0.125rem 0; } .prose .reflow td:empty { display: none; } .prose .reflow tr { padding: 0.625rem 0.875rem; } .prose .reflow td:first-child { padding: 0; } }
        @media (min-width: 60rem) {
            .docs-shell { display: grid; grid-template-columns: 15rem minmax(0, 1fr); }
            .docs-nav { border: 0; background: none; position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 2.25rem 0; }
            .docs-nav ul { display: block; padding: 0 1rem; } .docs-nav a { padding: 0.375rem 0.625rem; border: 0; border-radius: 6px; }
            .docs-nav a:hover { background: var(--sunken); } .docs-nav a[aria-current] { background: var(--accent-ground); color: var(--accent); }
            .docs-nav .sub { display: block; padding: 0.25rem 0 0.25rem 0.75rem; } .docs-nav .sub a { font-weight: 400; padding: 0.1875rem 0.625rem; font-size: 0.875rem; }
            .docs-shell main { padding: 2.5rem 2.5rem 5rem; }
        }
        """
}
