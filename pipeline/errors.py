"""The one error tree. Whoever catches `AfterprintError` catches everything that a user can be told about.

AfterprintError              a sentence for people; `exit_code` is what the command line returns
├── InputError        (2)    something the user gave us is wrong: `problems`, one line each
│   ├── UsageError    (2)    the command's own words are off
│   └── OutputFailed  (2)    a file or folder of ours cannot be written: permissions, or the disk is full
├── ResourceError     (2)    a prompt, schema or vocabulary file that ships with us is missing or inconsistent
├── NothingToDraft    (1)    the sheet holds too little for a step
├── CassetteUnplayed  (1)    a replay ended before all that was recorded had been asked for
├── BudgetReached     (4)    the next request could cost more than is left
├── NoSpace           (2)    a model file does not fit on the disk
├── ModelNotLoaded    (2)    llama.cpp cannot use a model file on this machine
├── PullFailed        (3)    no source gave a model file as it should be
├── Unexpected        (1)    a fault of ours, in one note of many
├── Interrupted     (130)    Ctrl-C, where there is more to say than that
└── ProviderError     (3)    the model's server did not give a usable answer
    ├── ConnectionFailed     no connection, reset, time-out
    ├── RateLimited          429; `retry_after_s` when the server says
    ├── ServerFailed         5xx
    ├── RequestRejected      4xx that another try will not mend
    │   ├── Unusable         every request would meet the same: no API, no such model, no credit
    │   │   └── KeyRejected  401, 403
    │   └── FormatUnsupported  the server does not know this `response_format`
    ├── CassetteMiss  (1)    a replay asked for what was never recorded
    └── BadAnswer            a 200 that holds no answer
        ├── NotJson          the body is not JSON
        ├── EmptyAnswer      no choices, or a choice without content
        ├── Refused          the model declined
        ├── Filtered         stopped by the content filter
        └── Truncated        the token limit came before the end
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass


class AfterprintError(Exception):
    """Root of the tree. `str(error)` is one or more plain lines, fit to show."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an input: where, what, and what was expected.

    `line` counts from 1; `field` is a dotted path such as `facts[3].unit`.
    """

    message: str
    file: str = ""
    line: int | None = None
    field: str = ""

    def __str__(self) -> str:
        where = self.file
        if self.line is not None:
            where += f":{self.line}"
        parts = [part for part in (where, self.field) if part]
        return ": ".join([*parts, self.message])


class InputError(AfterprintError):
    """One or more `problems` with what the user gave us."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class UsageError(InputError):
    """The command's own words do not fit together."""

    def __init__(self, message: str) -> None:
        super().__init__(Problem(message))


class OutputFailed(InputError):
    """A file or folder of ours cannot be made or written: no permission, a full disk, or something else in its place."""


class ResourceError(AfterprintError):
    """A file that ships with Afterprint (or a user's own library file) is missing or inconsistent."""

    exit_code = 2


class NothingToDraft(AfterprintError):
    """The sheet holds too little for a step: the step fails with this reason, the note goes on."""


class NoSpace(AfterprintError):
    """A model file does not fit on the disk."""

    exit_code = 2


class PullFailed(AfterprintError):
    """No source gave a model file as it should be."""

    exit_code = 3


class BudgetReached(AfterprintError):
    """The next request could cost more than is left of the budget."""

    exit_code = 4


class Unexpected(AfterprintError):
    """A fault of ours that one note of many brought to light. It is told with its place, so that it can be mended."""

    @classmethod
    def of(cls, error: Exception) -> Unexpected:
        """Of any exception: its kind, its words and where it arose."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        words = " ".join(str(error).split())[:200]
        return cls(f"a fault of Afterprint's own, please report it: {type(error).__name__}: {words} ({place.filename}:{place.lineno})")


class Interrupted(AfterprintError):
    """Ctrl-C, where there is more to say than that; `str(error)` begins with the word `interrupted`."""

    exit_code = 130


class ModelNotLoaded(AfterprintError):
    """llama.cpp cannot use a model file on this machine."""

    exit_code = 2


class CassetteUnplayed(AfterprintError):
    """A replay ended, and some of the recorded answers were never asked for."""


class ProviderError(AfterprintError):
    """The model's server did not give a usable answer. `retryable` says whether the same request may succeed later."""

    exit_code = 3
    retryable = False

    def __init__(self, message: str, *, status: int | None = None, retry_after_s: float | None = None, body: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.retry_after_s = retry_after_s
        self.body = body


class ConnectionFailed(ProviderError):
    """No connection, a reset, or no answer in time."""

    retryable = True


class RateLimited(ProviderError):
    """429. `retry_after_s` is the server's own figure, where it gave one."""

    retryable = True


class ServerFailed(ProviderError):
    """5xx."""

    retryable = True


class RequestRejected(ProviderError):
    """A 4xx that another try will not mend."""


class Unusable(RequestRejected):
    """Whatever is asked there meets the same: the address is no model's API, the model does not exist, the account has no credit."""


class KeyRejected(Unusable):
    """401 or 403: the API key is missing, wrong, or not allowed to do this."""


class FormatUnsupported(RequestRejected):
    """The server does not know the `response_format` that was asked for."""


class ParameterRejected(RequestRejected):
    """The server does not take one of the request's parameters: `parameter`."""

    parameter: str = ""


class CassetteMiss(ProviderError):
    """The recording that stands in for a server does not hold the answer to this request. No server failed: the exit code is 1."""

    exit_code = 1


class BadAnswer(ProviderError):
    """A 200 that holds no usable answer."""


class NotJson(BadAnswer):
    """The body of the response is not the JSON of a chat completion."""

    retryable = True


class EmptyAnswer(BadAnswer):
    """No choices, or a choice without content."""

    retryable = True


class Refused(BadAnswer):
    """The model declined to answer; `str(error)` carries its words."""


class Filtered(BadAnswer):
    """The provider's content filter stopped the answer."""


class Truncated(BadAnswer):
    """The token limit came before the end of the answer; `body` holds what was written."""
