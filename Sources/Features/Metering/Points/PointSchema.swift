package import Storage

// Where points stand. A batch adds one run (`point_runs`) for each metric and day it touches: sorted columns in a blob. A task folds the
// runs of a day into its one row of `point_days` with the day's rollup. A later run's value stands over an earlier one's, and over the
// day's. Whether a point is new is known from `point_hours`: one bit for each series and hour, changed in the same transaction, whatever
// has been folded. Rows below a metric are reached through its number, which is found with the tenant and is never given twice.

package enum PointSchema {
    package static let migrations = [
        Migration(
            "0070-data-streams",
            // `runs`: the number of the last run; whoever adds one holds the row's lock.
            """
            CREATE TABLE streams (
                workspace TEXT NOT NULL REFERENCES workspaces (id), mode TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
                type TEXT NOT NULL, token BLOB NOT NULL, token_digest BLOB NOT NULL, version INTEGER NOT NULL, runs INTEGER NOT NULL,
                created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
                PRIMARY KEY (workspace, mode, id)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX streams_by_token ON streams (workspace, mode, token_digest)",
            "CREATE TABLE point_numbers (name TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT",
            "INSERT INTO point_numbers (name, last) VALUES ('metric', 0)",
            // Hours since 1970. `is_gone`: its stream was deleted; its points go bit by bit.
            """
            CREATE TABLE point_metrics (
                workspace TEXT NOT NULL, mode TEXT NOT NULL, stream TEXT NOT NULL, function TEXT NOT NULL, name TEXT NOT NULL,
                number INTEGER NOT NULL, series INTEGER NOT NULL, points INTEGER NOT NULL, first_hour INTEGER NOT NULL,
                last_hour INTEGER NOT NULL, is_gone INTEGER NOT NULL DEFAULT 0,
                PRIMARY KEY (workspace, mode, stream, function, name)
            ) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX point_metrics_by_number ON point_metrics (number)",
            "CREATE INDEX point_metrics_gone ON point_metrics (number) WHERE is_gone = 1",
            "CREATE TABLE point_series (metric INTEGER NOT NULL, first INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (metric, first)) STRICT",
            """
            CREATE TABLE point_hours (
                metric INTEGER NOT NULL, day INTEGER NOT NULL, block INTEGER NOT NULL, bits BLOB NOT NULL,
                PRIMARY KEY (metric, day, block)
            ) STRICT
            """,
            """
            CREATE TABLE point_runs (
                metric INTEGER NOT NULL, day INTEGER NOT NULL, run INTEGER NOT NULL, points INTEGER NOT NULL, written_at INTEGER NOT NULL,
                data BLOB NOT NULL, PRIMARY KEY (metric, day, run)
            ) STRICT
            """,
            // `total`: the bits of the day's combined value. `version` is raised by every fold.
            """
            CREATE TABLE point_days (
                metric INTEGER NOT NULL, day INTEGER NOT NULL, version INTEGER NOT NULL, points INTEGER NOT NULL, total INTEGER NOT NULL,
                rollup BLOB NOT NULL, data BLOB NOT NULL, PRIMARY KEY (metric, day)
            ) STRICT
            """)
    ]
    /// `hours`: a bit for each hour of the day that points came late for; `run`: the batch of the stream that was the last.
    package static let late = [
        Migration(
            "0094-late-points",
            """
            CREATE TABLE late_points (
                metric INTEGER NOT NULL, day INTEGER NOT NULL, hours INTEGER NOT NULL, run INTEGER NOT NULL, PRIMARY KEY (metric, day)
            ) STRICT
            """)
    ]
    /// Whether a day is due for folding is seen in the key alone: reading each run for it was an eighth of what taking points in costs.
    package static let dueRuns = [
        Migration(
            "0222-due-runs",
            """
            CREATE TABLE keyed_runs (
                metric INTEGER NOT NULL, day INTEGER NOT NULL, run INTEGER NOT NULL, points INTEGER NOT NULL, written_at INTEGER NOT NULL,
                data BLOB NOT NULL, PRIMARY KEY (metric, day, run, points, written_at)
            ) STRICT
            """,
            """
            INSERT INTO keyed_runs (metric, day, run, points, written_at, data)
            SELECT metric, day, run, points, written_at, data FROM point_runs
            """,
            "DROP TABLE point_runs",
            "ALTER TABLE keyed_runs RENAME TO point_runs")
    ]
    /// `data` is null where a day has changed since, and empty where it would not be worth it; `version` is raised by every change.
    package static let spans = [
        Migration(
            "0231-point-spans",
            """
            CREATE TABLE point_spans (
                metric INTEGER NOT NULL, span INTEGER NOT NULL, version INTEGER NOT NULL, data BLOB, PRIMARY KEY (metric, span)
            ) STRICT
            """,
            "CREATE INDEX point_spans_open ON point_spans (metric, span) WHERE data IS NULL",
            "INSERT INTO point_spans (metric, span, version) SELECT DISTINCT metric, day >> 5, 1 FROM point_days")
    ]
}
