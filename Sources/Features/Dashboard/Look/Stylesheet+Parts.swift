extension Stylesheet {
    /// Cards, forms, buttons, badges, notices.
    static let parts = """
        .card { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 1.25rem; box-shadow: var(--shadow); }
        .card-head { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; justify-content: space-between; margin-bottom: 1rem; }
        .card-head p { color: var(--muted); font-size: 0.875rem; }

        label, legend { display: block; font-weight: 550; font-size: 0.875rem; padding: 0; margin-bottom: 0.375rem; }
        .hint { color: var(--muted); font-size: 0.8125rem; margin-top: 0.375rem; }
        .wrong { color: var(--bad); font-size: 0.8125rem; margin-top: 0.375rem; font-weight: 500; }
        input, select, button { font: inherit; color: inherit; }
        input:not([type=radio]):not([type=hidden]), select { width: 100%; height: 2.5rem; padding: 0 0.75rem; background: var(--surface); border: 1px solid var(--line-strong); border-radius: 8px; }
        input::placeholder { color: var(--muted); opacity: 1; }
        input:not([type=radio]):hover, select:hover { border-color: var(--muted); }
        input:not([type=radio]):focus-visible, select:focus-visible { outline-offset: -1px; border-radius: 8px; }
        input[aria-invalid=true] { border-color: var(--bad); }
        select { appearance: none; padding-right: 2.25rem; background: var(--surface) url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='none' stroke='%237d8798' stroke-width='1.75' stroke-linecap='round' stroke-linejoin='round'%3E%3Cpath d='m4 6 4 4 4-4'/%3E%3C/svg%3E") no-repeat right 0.625rem center / 1rem; }
        .field + .field { margin-top: 1rem; }
        .with-button { position: relative; } .with-button input { padding-right: 4rem !important; }
        .with-button button { position: absolute; right: 0.25rem; top: 0.25rem; height: 2rem; }
        .fields { display: grid; gap: 1rem; grid-template-columns: minmax(0, 1fr); align-items: start; }
        @media (min-width: 42rem) { .fields { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
        .fields .field { margin: 0; }
        .actions { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: center; margin-top: 1.25rem; }
        .actions .hint { margin: 0; flex: 1 1 14rem; }
        .actions > button + .plain { height: 2.5rem; padding: 0 1rem; font-size: inherit; }

        fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
        .switch { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; background: var(--sunken); border: 1px solid var(--line); border-radius: 8px; padding: 3px; height: 2.5rem; }
        .switch label { margin: 0; display: grid; place-items: center; border-radius: 6px; font-weight: 500; color: var(--muted); cursor: pointer; }
        .switch input { position: absolute; opacity: 0; width: 1px; height: 1px; }
        .switch label:has(:checked) { background: var(--surface); color: var(--text); box-shadow: 0 0 0 1px var(--line-strong); }
        .switch label:has(:focus-visible) { outline: 2px solid var(--accent); outline-offset: 1px; }

        button, .button { display: inline-flex; align-items: center; justify-content: center; gap: 0.5rem; height: 2.5rem; padding: 0 1rem; border-radius: 8px; border: 1px solid transparent; background: var(--button); color: #fff; font-weight: 550; text-decoration: none; cursor: pointer; white-space: nowrap; }
        button:hover, .button:hover { background: var(--button-hover); }
        button:focus-visible, .button:focus-visible, summary:focus-visible { border-radius: 8px; }
        .wide { width: 100%; }
        .plain, .quiet { background: var(--surface); border-color: var(--line-strong); color: var(--text); height: 2rem; padding: 0 0.75rem; font-size: 0.8125rem; }
        .plain:hover, .quiet:hover { background: var(--sunken); border-color: var(--muted); }
        .bare { background: none; border-color: transparent; color: var(--accent); height: 2rem; padding: 0 0.625rem; font-size: 0.8125rem; }
        .bare:hover { background: var(--sunken); }
        .danger { color: var(--bad); } .danger:hover { background: var(--bad-ground); border-color: var(--bad-line); }
        .stop { background: #b3231a; } .stop:hover { background: #931c15; }

        details.new > summary { list-style: none; display: inline-flex; align-items: center; gap: 0.375rem; height: 2.5rem; padding: 0 1rem 0 0.75rem; border-radius: 8px; background: var(--button); color: #fff; font-weight: 550; cursor: pointer; }
        details.new > summary::-webkit-details-marker { display: none; }
        details.new > summary:hover { background: var(--button-hover); }
        details.new[open] > summary { background: var(--surface); color: var(--text); box-shadow: inset 0 0 0 1px var(--line-strong); }
        details.new > .card { margin-top: 1rem; } details.new:not([open]) + * { margin-top: 1.25rem; }
        @media (min-width: 42rem) {
            .has-new { position: relative; } .has-new .page-head { padding-right: 12rem; }
            .has-new details.new > summary { position: absolute; right: 0; top: 0; } .has-new details.new > .card { margin-top: 0; }
            .has-new details.new:not([open]) + * { margin-top: 0; }
        }

        .badge { display: inline-flex; align-items: center; height: 1.375rem; padding: 0 0.5rem; border-radius: 999px; background: var(--sunken); border: 1px solid var(--line); color: var(--muted); font-size: 0.75rem; font-weight: 550; white-space: nowrap; }
        .badge.good { background: var(--good-ground); border-color: var(--good-line); color: var(--good); }
        .badge.warn { background: var(--warn-ground); border-color: transparent; color: var(--warn); }
        .badge.accent { background: var(--accent-ground); border-color: transparent; color: var(--accent); }

        .notice { display: block; padding: 0.75rem 1rem; border-radius: 10px; border: 1px solid var(--line); background: var(--surface); margin-bottom: 1.5rem; }
        .notice.bad { background: var(--bad-ground); border-color: var(--bad-line); color: var(--bad); font-weight: 500; }
        .notice.good { background: var(--good-ground); border-color: var(--good-line); color: var(--good); font-weight: 500; }
        .notice .facts { margin: 0; } .card > .notice { margin-bottom: 1.25rem; }
        .alone .notice { margin-bottom: 1.25rem; font-size: 0.875rem; }
        .fresh { border-color: var(--good-line); margin-bottom: 1.5rem; }
        .fresh:focus-visible { outline: none; border-radius: 12px; } .fresh h2 { color: var(--good); } .fresh h2 + p { margin-top: 0.25rem; color: var(--muted); }
        .copyable { display: flex; align-items: stretch; gap: 0.5rem; margin-top: 0.375rem; }
        .copyable code { flex: 1; min-width: 0; padding: 0.5625rem 0.75rem; background: var(--sunken); border: 1px solid var(--line); border-radius: 8px; overflow-wrap: anywhere; line-height: 1.5; user-select: all; white-space: pre-wrap; }
        .copyable button { height: auto; min-height: 2.5rem; min-width: 5rem; align-self: start; }
        @media (max-width: 41.99rem) { .copyable { flex-direction: column; } .copyable button { align-self: stretch; } }
        .fresh .label { font-weight: 550; font-size: 0.875rem; margin-top: 1rem; }

        .ask { max-width: 32rem; } .ask h1 { font-size: 1.25rem; margin-bottom: 0.375rem; }
        .empty { text-align: center; padding: 2.5rem 1rem; color: var(--muted); }
        .empty .icon { width: 28px; height: 28px; color: var(--line-strong); margin-bottom: 0.5rem; }
        .empty h2, .empty h3 { color: var(--text); margin-bottom: 0.25rem; font-size: 1rem; } .card.empty h2 + * { margin-top: 0; }
        """

    /// Tables; on a phone every row is a block of its own, with the names of the columns beside the values.
    static let tables = """
        .table-card { padding: 0; overflow: hidden; }
        .table-card .card-head { padding: 1.125rem 1.25rem 0; margin-bottom: 0.875rem; }
        .table-card .inline { margin: 0; font-weight: 400; display: flex; align-items: center; gap: 0.5rem; font-size: 0.8125rem; color: var(--muted); }
        .inline select { width: auto; height: 2rem; font-size: 0.8125rem; color: var(--text); padding-left: 0.625rem; padding-right: 2rem; }
        table { width: 100%; border-collapse: collapse; font-size: 0.875rem; }
        th { text-align: left; font-weight: 500; font-size: 0.75rem; color: var(--muted); padding: 0.5rem 0.75rem; border-bottom: 1px solid var(--line); background: var(--sunken); white-space: nowrap; }
        .table-card th { border-top: 1px solid var(--line); }
        td { padding: 0.75rem; border-bottom: 1px solid var(--line); vertical-align: top; }
        tr:last-child > td { border-bottom: 0; }
        th:first-child, td:first-child { padding-left: 1.25rem; } th:last-child, td:last-child { padding-right: 1.25rem; }
        .number { text-align: right; font-variant-numeric: tabular-nums; }
        .name { font-weight: 550; overflow-wrap: anywhere; } td .mono { color: var(--muted); font-size: 0.75rem; overflow-wrap: anywhere; }
        td summary { cursor: pointer; color: var(--muted); } td details code { display: block; font-size: 0.75rem; color: var(--muted); }
        .row-actions { white-space: nowrap; text-align: right; } .row-actions button + button { margin-left: 0.375rem; }
        tr.gone .name { color: var(--muted); text-decoration: line-through; font-weight: 400; }
        @media (min-width: 48rem) { .when { white-space: nowrap; } }
        .pager { display: flex; gap: 0.5rem; justify-content: space-between; padding: 0.875rem 1.25rem; border-top: 1px solid var(--line); }
        @media (max-width: 47.99rem) {
            .reflow, .reflow tbody, .reflow tr, .reflow td { display: block; }
            .reflow thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
            .reflow { border-top: 1px solid var(--line); }
            .reflow tr { padding: 0.875rem 1.25rem; border-bottom: 1px solid var(--line); } .reflow tr:last-child { border-bottom: 0; }
            .reflow td { overflow-wrap: anywhere; display: flex; justify-content: space-between; gap: 1rem; padding: 0.1875rem 0; border: 0; text-align: right; }
            .reflow td::before { content: attr(data-label); color: var(--muted); flex: none; }
            .reflow td:first-child { display: block; text-align: left; padding-bottom: 0.375rem; } .reflow td:first-child::before { content: none; }
            .reflow .row-actions { justify-content: flex-end; padding-top: 0.625rem; } .reflow .row-actions::before { content: none; }
            .reflow .row-actions:empty { display: none; }
        }
        """
}
