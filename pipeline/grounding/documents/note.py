"""Our own note's JSON -> passages: its prose, each text with the evidence that it cites."""

from __future__ import annotations

from pydantic import ValidationError

from pipeline.errors import InputError, Problem
from pipeline.grounding.documents.passages import Content, Passage
from pipeline.notes.models import Note


def read_note(text: str, file: str) -> Content:
    """Raises InputError when the text is not a note."""
    try:
        note = Note.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(Problem(f"is not a note: {first['msg']}", file=file, field=field)) from None
    passages = [Passage(prose, 0, place, evidence or None) for place, prose, evidence in note.texts()]
    return Content(passages, [])
