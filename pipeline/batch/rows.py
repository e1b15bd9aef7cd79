"""What became of each note, kept on disk until the batch is over: thousands of rows are no burden to the process that way."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from pipeline.errors import OutputFailed, Problem
from pipeline.notes.render import replaced


class RowFile:
    """Rows in a temporary file, a line each, gone when it is closed. Used inside `with`."""

    def __enter__(self) -> Self:
        self._file = tempfile.TemporaryFile("w+", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, row: Mapping[str, Any]) -> None:
        """One more. Raises OutputFailed where there is no room for it."""
        try:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        except OSError as error:
            raise OutputFailed(Problem(f"cannot keep what became of a note: {error.strerror}", file=tempfile.gettempdir())) from None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        for line in self._file:
            yield json.loads(line)
        self._file.seek(0, 2)

    def write_run(self, path: Path, head: Mapping[str, Any]) -> None:
        """`head` and the rows, as `rows`, as one JSON object in `path`. Raises OutputFailed."""
        with replaced(path) as file:
            file.write(json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}") + ',\n  "rows": [')
            for number, row in enumerate(self):
                file.write((",\n    " if number else "\n    ") + json.dumps(row, ensure_ascii=False))
            file.write("\n  ]\n}\n")
