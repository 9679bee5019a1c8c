#!/usr/bin/python3
"""A guestbook over HTTP: GET /entries, POST /entries {"name", "words"} with an Idempotency-Key.

Shows what a service does to be protected by Understudy; docs/protect-your-service.md says why.
"""

import contextlib
import json
import mmap
import os
import queue
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

REGION = os.environ["REGION"]


class FencePage:
    """What the region's agent promises: src/fence/page.h, read with Python's own tools."""

    LAYOUT = struct.Struct("=QQ QQQQ qq Q 40s")
    MAGIC = 0x31454341504655

    def __init__(self, path):
        self.path = path
        with open("/proc/sys/kernel/random/boot_id") as file:
            self.boot_id = file.read(36).encode()

    def judge(self):
        """May a write be acknowledged now? (epoch, term, its end by the clock that counts since
        boot in ns, or None for a promise without end); None if not."""
        try:
            # Opened anew each time: a page that was deleted or replaced promises nothing.
            with open(self.path, "rb") as file, mmap.mmap(
                file.fileno(), self.LAYOUT.size, prot=mmap.PROT_READ
            ) as page:
                if os.fstat(file.fileno()).st_mode & 0o022:
                    return None
                for _ in range(1000):  # torn while the agent writes, which takes a microsecond
                    before = page[8:16]
                    whole = page[:]
                    if before == page[8:16] and not before[0] & 1:
                        break
                else:
                    return None
        except (OSError, ValueError):
            return None
        magic, _, _, epoch, term, _, boot, wall, endless, boot_id = self.LAYOUT.unpack(whole)
        if magic != self.MAGIC or boot_id.rstrip(b"\0") != self.boot_id:
            return None
        if endless:
            return epoch, term, None
        # The clocks are read after the page, so that the answer is never newer than the promise.
        if time.clock_gettime_ns(time.CLOCK_BOOTTIME) >= boot or time.time_ns() >= wall:
            return None
        return epoch, term, boot


class Refused(Exception):
    """Nothing was written, and a client may be told so."""


class Sessions:
    """Sessions with the region's own database; a broken one is thrown away."""

    def __init__(self, conninfo):
        self.conninfo = conninfo
        self.idle = queue.LifoQueue()

    def open(self):
        try:
            return psycopg2.connect(
                self.conninfo, connect_timeout=2, options="-c statement_timeout=2000"
            )
        except psycopg2.Error:  # its text may show the conninfo, which holds a password
            raise Refused("the database cannot be reached") from None

    @contextlib.contextmanager
    def one(self):
        try:
            session = self.idle.get_nowait()
        except queue.Empty:
            session = self.open()
        try:
            with session:  # commits at the end, rolls back after an exception
                with session.cursor() as cursor:
                    yield cursor
        except BaseException:
            session.close()
            raise
        self.idle.put(session)


PAGE = FencePage(os.environ["UNDERSTUDY_PAGE"])
SESSIONS = Sessions(os.environ["DATABASE_URL"])


def may_write(cursor, epoch):
    """Does the database itself say that this region writes in this epoch?"""
    cursor.execute("SELECT epoch, region FROM understudy.epoch")
    return cursor.fetchone() == (epoch, REGION)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self):
        if self.path == "/live":
            self.answer(200, {"live": True})
        elif self.path == "/ready":
            self.ready()
        elif self.path == "/entries":
            self.list_entries()
        else:
            self.answer(404, {"error": "there is nothing here"})

    def ready(self):
        """2xx only while this region may write, by the page and by the database."""
        promise = PAGE.judge()
        if promise is None:
            return self.answer(503, {"error": "this region may not write"})
        try:
            with SESSIONS.one() as cursor:
                cursor.execute("SELECT pg_is_in_recovery()")
                ready = not cursor.fetchone()[0] and may_write(cursor, promise[0])
        except (psycopg2.Error, Refused):
            return self.answer(503, {"error": "the database does not answer"})
        if not ready:
            return self.answer(503, {"error": "the database is another region's"})
        self.answer(200, {"region": REGION, "epoch": promise[0]})

    def list_entries(self):
        try:
            with SESSIONS.one() as cursor:
                cursor.execute(
                    "SELECT name, words, region FROM entries ORDER BY id DESC LIMIT 100"
                )
                rows = cursor.fetchall()
        except (psycopg2.Error, Refused):
            return self.answer(503, {"error": "the database does not answer"})
        self.answer(200, [dict(zip(("name", "words", "region"), row)) for row in rows])

    def do_POST(self):
        try:
            length = int(self.headers.get("Content-Length", "0"))
            entry = json.loads(self.rfile.read(min(length, 65536)))
            name, words = str(entry["name"])[:100], str(entry["words"])[:2000]
        except (ValueError, KeyError, TypeError):
            self.close_connection = True
            return self.answer(400, {"error": 'expected {"name": ..., "words": ...}'})
        key = self.headers.get("Idempotency-Key", "")
        if self.path != "/entries" or not 1 <= len(key) <= 200:
            return self.answer(400, {"error": "expected POST /entries with an Idempotency-Key"})
        judged_at = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        promise = PAGE.judge()
        try:
            if promise is None:
                raise Refused("this region may not write")
            number, epoch = self.write(key, name, words, promise[0])
        except Refused as refusal:
            return self.answer(503, {"error": str(refusal), "outcome": "refused"})
        except psycopg2.Error as error:
            # A server that said no has written nothing. Without its answer nobody can know.
            outcome = "refused" if error.pgcode else "unknown"
            return self.answer(503, {"error": "not written", "outcome": outcome})
        # The answer acknowledges: only while the lease stands under which the work was done.
        now = PAGE.judge()
        if now is None or now[:2] != promise[:2]:
            return self.answer(503, {"error": "the lease has ended", "outcome": "unknown"})
        body = {"entry": number, "region": REGION, "epoch": epoch}
        within = None if now[2] is None else (now[2] - judged_at) // 1_000_000
        self.answer(201, body, within_ms=within)

    @staticmethod
    def write(key, name, words, epoch):
        with SESSIONS.one() as cursor:
            if not may_write(cursor, epoch):
                raise Refused("the database is another region's")
            cursor.execute(
                "INSERT INTO entries (key, name, words, region, epoch) VALUES (%s, %s, %s, %s, %s)"
                " ON CONFLICT (key) DO NOTHING",
                (key, name, words, REGION, epoch),
            )
            cursor.execute("SELECT id, epoch FROM entries WHERE key = %s", (key,))
            return cursor.fetchone()

    def answer(self, status, body, within_ms=None):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if within_ms is not None:  # a proxy that was frozen with the answer in hand drops it
            self.send_header("Understudy-Acknowledge-Within", str(within_ms))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format, *args):
        pass  # a line for each look of the load balancer tells nobody anything


if __name__ == "__main__":
    ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
