"""Refresh what tests/tasks compare with: `python tests/tasks/refresh.py [--same-numbers]`.

Writes docs/tasks.schema.json, and the hash of the code that the protocol version stands for. Where that code
changed under the same version, the new hash is written only with `--same-numbers`, which says that no result can
differ (a new check, a rename). Otherwise raise `PROTOCOL` in benchmark/eobench/tasks/_identity.py first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from eobench.tasks import PROTOCOL, json_schema
from eobench.tasks._canonical import digest
from eobench.tasks._closure import package_hash

ROOT = Path(__file__).parents[2]
PROTOCOL_FILE = Path(__file__).with_name("protocol.json")
SCHEMA_FILE = ROOT / "docs" / "tasks.schema.json"


def core_hash() -> str:
    """Return the hash of `data/` and `scoring/`, by their syntax trees."""
    core = ROOT / "benchmark" / "eobench"
    return digest({name: package_hash(core / name) for name in ("data", "scoring")})


def schema_text() -> str:
    """Return what docs/tasks.schema.json holds."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    SCHEMA_FILE.write_text(schema_text(), encoding="utf-8")
    known = json.loads(PROTOCOL_FILE.read_text()) if PROTOCOL_FILE.exists() else {}
    version, found = str(PROTOCOL), core_hash()
    if known.get(version, found) != found and "--same-numbers" not in sys.argv:
        sys.exit(
            f"data/ or scoring/ changed under protocol {version}: raise PROTOCOL where a number could differ, "
            f"else run this again with --same-numbers"
        )
    PROTOCOL_FILE.write_text(json.dumps({**known, version: found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
