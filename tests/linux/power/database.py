# SPDX-License-Identifier: MIT
"""Debian's sqlite3 committing transactions, one at a time, and what must be in its database after a power cut."""

import os
import shutil
import sqlite3

STDBUF = "/usr/libexec/coreutils/libstdbuf.so"      # of coreutils: each line of output goes out at once
ENVIRONMENT = [f"LD_PRELOAD={STDBUF}", "_STDBUF_O=L"]
# How the database is opened -> what makes its commits durable.
MODES = {"wal": ["PRAGMA journal_mode=wal", "PRAGMA synchronous=full", "PRAGMA wal_autocheckpoint=40"],
         "delete": ["PRAGMA journal_mode=delete", "PRAGMA synchronous=extra"],
         "truncate": ["PRAGMA journal_mode=truncate", "PRAGMA synchronous=full"]}


def transaction(k):
    """Statements of transaction k: rows come, change and go; contents say which transaction they are of."""
    if k == 0:
        return ["CREATE TABLE t(n INTEGER PRIMARY KEY, x TEXT)", "CREATE INDEX i ON t(x)", "CREATE TABLE last(k INTEGER)", "INSERT INTO last VALUES(0)"]
    size = (k * 7919) % 6000 if k % 5 == 0 else (k * 31) % 200
    out = [f"INSERT INTO t VALUES({k}, printf('%0{size + 8}d', {k}))", f"UPDATE last SET k = {k}"]
    if k % 3 == 0:
        out.append(f"UPDATE t SET x = printf('%0{k % 90 + 9}d', {k}) WHERE n = {k // 2}")
    if k % 7 == 0:
        out.append(f"DELETE FROM t WHERE n = {k // 3}")
    return out


def text(k):
    return "BEGIN;\n" + "".join(s + ";\n" for s in transaction(k)) + f"COMMIT;\nSELECT 'committed', {k};\n"


def opening(mode):
    return "".join(s + ";\n" for s in MODES[mode])


class Database:
    """Feeds the program, notes what it acknowledged, and judges."""

    def __init__(self, mode, transactions):
        self.mode, self.transactions = mode, transactions
        self.acknowledged = []              # when, which transaction

    def line(self, line, machine):
        if line in ("wal", "delete", "truncate"):
            machine.answer(text(0).encode())
        if line.startswith("committed|"):
            k = int(line.split("|")[1])
            self.acknowledged.append((machine.log.count(), k))
            machine.answer(text(k + 1).encode() if k < self.transactions else b"")

    @staticmethod
    def _rows(connection):
        return connection.execute("SELECT n, x FROM t ORDER BY n").fetchall()

    def judge(self, directory, position):
        """Complaints about the database in this directory."""
        oldest = max((k for when, k in self.acknowledged if when <= position), default=-1)
        copy = directory + ".copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(directory, copy)
        path = os.path.join(copy, "db")
        if not os.path.exists(path):
            return [] if oldest < 0 else [f"no database, and transaction {oldest} was acknowledged"]
        try:
            return self._judge(path, oldest)
        except sqlite3.DatabaseError as error:
            return [str(error)] if oldest >= 0 or "no such table" not in str(error) else []

    def _judge(self, path, oldest):
        ours = sqlite3.connect(path)
        check = [row[0] for row in ours.execute("PRAGMA integrity_check")]
        if check != ["ok"]:
            return check[:10]
        last = ours.execute("SELECT k FROM last").fetchone()[0]
        rows = self._rows(ours)
        ours.close()
        if last < oldest:
            return [f"the last transaction is {last}, and {oldest} was acknowledged"]
        model = sqlite3.connect(":memory:")
        for k in range(last + 1):
            for statement in transaction(k):
                model.execute(statement)
        return [] if rows == self._rows(model) else [f"rows are not those after transaction {last}"]
