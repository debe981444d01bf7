"""The comparator of bench.py: the same list of projects, served by FastAPI over SQLite, done as well as we know how.

For each request: bearer key → SHA-256 → a look-up in SQLite, a sliding limit of N requests in any 60 s per key, one SELECT of 25
projects, the answer by orjson, and the headers our own server sends. Runs under uvicorn with uvloop and httptools, one worker. SQLite is
called straight from the event loop: rows this near are read faster than a thread is woken, and one connection then serves all.

    fastapi_service.seed(path, key, projects)             makes its database
    DATABASE=path RATE_LIMIT=N uvicorn fastapi_service:app
"""
import collections
import hashlib
import json
import os
import secrets
import sqlite3
import time

WORKSPACE = "wsp_benchmark"
WINDOW = 60.0


def seed(path, key, projects):
    """One table of keys, one of projects with the columns our server's answer has."""
    columns = list(projects[0])
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE keys (hash BLOB PRIMARY KEY, id TEXT, workspace TEXT, scopes TEXT, expires_at REAL, revoked_at REAL) WITHOUT ROWID")
        database.execute(f"CREATE TABLE projects (workspace TEXT, {', '.join(columns)}, PRIMARY KEY (workspace, id)) WITHOUT ROWID")
        database.execute("INSERT INTO keys VALUES (?, 'key_benchmark', ?, 'projects:read', NULL, NULL)", (hashlib.sha256(key.encode()).digest(), WORKSPACE))
        for project in projects:
            values = [json.dumps(value) if isinstance(value, (dict, list)) else value for value in project.values()]
            database.execute(f"INSERT INTO projects VALUES (?{', ?' * len(columns)})", (WORKSPACE, *values))
    database.close()


def build():
    import orjson
    from fastapi import FastAPI, Request, Response

    limit = int(os.environ["RATE_LIMIT"])
    database = sqlite3.connect(os.environ["DATABASE"], check_same_thread=False, isolation_level=None, cached_statements=64)
    database.execute("PRAGMA cache_size = -65536")
    columns = [row[1] for row in database.execute("PRAGMA table_info(projects)")][1:]
    find_key = "SELECT id, workspace, scopes, expires_at, revoked_at FROM keys WHERE hash = ?"
    list_projects = f"SELECT {', '.join(columns)} FROM projects WHERE workspace = ? ORDER BY id LIMIT ?"
    nested = {name for name, value in zip(columns, database.execute(f"SELECT {', '.join(columns)} FROM projects LIMIT 1").fetchone())
              if isinstance(value, str) and value[:1] in "{["}
    admitted, charged = collections.defaultdict(collections.deque), collections.Counter()
    app = FastAPI(openapi_url=None)

    def problem(status, code):
        body = {"type": f"/docs/errors/{code}", "title": code, "status": status, "code": code, "request_id": "req_" + secrets.token_hex(12)}
        return Response(orjson.dumps(body), status, media_type="application/problem+json")

    @app.get("/healthz")
    async def health():
        return {}

    @app.get("/v1/projects")
    async def projects(request: Request):
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        key = database.execute(find_key, (hashlib.sha256(secret.encode()).digest(),)).fetchone()
        now = time.time()
        if scheme != "Bearer" or key is None or key[4] is not None or (key[3] is not None and key[3] <= now):
            return problem(401, "unauthorized")
        recent = admitted[key[0]]
        while recent and recent[0] <= now - WINDOW:
            recent.popleft()
        if len(recent) >= limit:
            return problem(429, "rate_limited")
        recent.append(now)
        if "projects:read" not in key[2].split():
            return problem(403, "insufficient_scope")
        charged[key[0], int(now // 60)] += 1
        size = int(request.query_params.get("limit", 25))
        rows = database.execute(list_projects, (key[1], size + 1)).fetchall()
        items = [dict(zip(columns, row)) for row in rows[:size]]
        for name in nested:
            for item in items:
                item[name] = orjson.Fragment(item[name])
        request_id = "req_" + secrets.token_hex(12)
        more = len(rows) > size
        body = {"data": items, "next_cursor": items[-1]["id"] if more else None, "has_more": more, "request_id": request_id}
        left, reset = limit - len(recent), int(recent[0] + WINDOW - now) + 1
        return Response(orjson.dumps(body), media_type="application/json", headers={
            "X-Request-Id": request_id, "RateLimit-Policy": f'"default";q={limit};w=60', "RateLimit": f'"default";r={left};t={reset}',
            "X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(left), "X-RateLimit-Reset": str(reset)})

    return app


if "DATABASE" in os.environ:
    app = build()
