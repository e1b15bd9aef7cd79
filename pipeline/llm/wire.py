"""The one door to the openai SDK: a request body goes out, a JSON body comes back, and every failure becomes one of our errors, once.

The SDK is imported when a `Wire` is made, not before: that takes seconds, and most commands never need it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from pipeline.config import KEY_VARIABLES, Settings
from pipeline.errors import (
    ConnectionFailed,
    EmptyAnswer,
    Filtered,
    FormatUnsupported,
    InputError,
    KeyRejected,
    NotJson,
    ParameterRejected,
    Problem,
    ProviderError,
    RateLimited,
    RequestRejected,
    ServerFailed,
    Unusable,
)
from pipeline.llm.types import SAMPLE_HEADER

if TYPE_CHECKING:
    import ssl

    import httpx2
    import openai

T = TypeVar("T")

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent where no key is set: most local servers want none, and the SDK insists on one."""

PARAMETERS = ("max_completion_tokens", "max_tokens", "temperature", "seed")
_OK = 200
_LINE = 300
_EXCERPT = 2_000
_QUOTA = {"insufficient_quota", "billing_hard_limit_reached"}
_NOT_TAKEN = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|not permitted|not allowed|unexpected|extra_forbidden", re.IGNORECASE
)
_FORMAT_WORDS = re.compile(r"response[_ ]format|json[_ ]?(schema|object|mode)|structured[_ ]output|invalid schema|grammar", re.IGNORECASE)
_PARAMETER_WORDS = re.compile(rf"\b({'|'.join(PARAMETERS)})\b")


def host_of(base_url: str) -> str:
    """Host and port, the name of a server in errors: never a user name or password. Raises InputError for what is not an http(s) URL."""
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0) and _is_plain(base_url)
    except ValueError:
        usable = False
    if not usable:
        shown = clean(base_url.rpartition("@")[2], 100)
        raise InputError(Problem(f"expected a URL such as http://127.0.0.1:8080/v1 or {OPENAI_URL}, got '{shown}'", field="base_url"))
    return parts.netloc.rpartition("@")[2]


def _is_plain(text: str) -> bool:
    """Whether `text` can stand in an HTTP header or request line as it is."""
    return text.isascii() and text.isprintable() and " " not in text


def clean(text: str, limit: int) -> str:
    """`text` on one line without control or direction characters, at most `limit` characters."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * limit]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


class Wire:
    """A connection to one server with one key, straight to it: proxies named in the environment are not used. Used inside `async with`."""

    purpose = "chat completions"
    """What a server without it lacks."""

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        settings: Settings,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        """`transport` takes the place of the network. Raises InputError for a wrong URL and KeyRejected for a key that cannot be one."""
        self._host = host_of(base_url)
        parts = urlsplit(base_url)
        self._url = f"{parts.scheme}://{self._host}{parts.path.rstrip('/')}"
        if not api_key and self._host == host_of(OPENAI_URL):
            raise KeyRejected(f"{self._host} needs an API key: set {' or '.join(KEY_VARIABLES)}")
        if api_key and not _is_plain(api_key):
            raise KeyRejected(
                f"the API key has characters that no key has, such as a space or a line break: check {' or '.join(KEY_VARIABLES)}"
            )
        self._key = api_key or NO_KEY
        self._timeout_s = settings.timeout_s
        self._connect_timeout_s = settings.connect_timeout_s

        import httpx2
        import openai

        self._sdk = openai.AsyncOpenAI(
            api_key=self._key,
            base_url=base_url,
            max_retries=0,
            http_client=httpx2.AsyncClient(
                transport=_limited(transport or _network(), settings.max_body_bytes, self._host),
                timeout=httpx2.Timeout(settings.timeout_s, connect=settings.connect_timeout_s),
            ),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._sdk.close()

    async def post(self, content: bytes, sample: str = "") -> tuple[dict[str, Any], bytes]:
        """The chat completion that the server returns for the JSON in `content`: parsed, and its bytes. Raises a ProviderError otherwise.

        `sample` goes with it as a header, where it is not empty.
        """
        return await self._fetch("/chat/completions", content, sample)

    async def models(self) -> list[str]:
        """Names of the models that the server lists. Raises a ProviderError where it does not answer with JSON."""
        listed = (await self._fetch("/models"))[0].get("data")
        entries = [entry.get("id") for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        return [clean(name, 100) for name in entries if isinstance(name, str)]

    async def _fetch(self, path: str, content: bytes | None = None, sample: str = "") -> tuple[dict[str, Any], bytes]:
        import httpx2

        headers = {"content-type": "application/json", **({SAMPLE_HEADER: sample} if sample else {})}

        def call(sdk: openai.AsyncOpenAI) -> Awaitable[httpx2.Response]:
            if content is None:
                return sdk.get(path, cast_to=httpx2.Response)
            # Bytes go past the SDK's transformations of a body, and its models of an answer: most of what a call costs here.
            return sdk.post(path, cast_to=httpx2.Response, content=content, options={"headers": headers})

        response = await self.called(call)
        return self._parsed(response), response.content

    async def called(self, call: Callable[[openai.AsyncOpenAI], Awaitable[T]]) -> T:
        """What the SDK's own method returns. Every failure of it becomes one of our errors."""
        import openai

        try:
            # The client's own time-out starts again with every byte; this one does not.
            async with asyncio.timeout(self._timeout_s):
                return await call(self._sdk)
        except openai.APIStatusError as error:
            # Not chained: the SDK's error repeats the server's words, which may repeat the key.
            failure = self.rejection(error.response.status_code, error.response.headers, error.response.text)
        except (openai.APITimeoutError, TimeoutError) as error:
            failure = self._timed_out(error)
        except openai.APIConnectionError as error:
            failure = ConnectionFailed(f"no connection to {self._host}: {self._said(str(error.__cause__ or error)) or 'it broke off'}")
        raise failure

    def _said(self, text: str, limit: int = _LINE) -> str:
        """What somebody else wrote, fit to show: without our key, on one line, not too long."""
        return clean(text if self._key == NO_KEY else text.replace(self._key, "[key]"), limit)

    def _timed_out(self, error: Exception) -> ConnectionFailed:
        import aiohttp

        # The transport calls every broken connection a time-out of its own; what aiohttp said stands behind it.
        said = error.__cause__.__cause__ if error.__cause__ else None
        if isinstance(said, Exception) and not isinstance(said, TimeoutError):
            return ConnectionFailed(f"no connection to {self._host}: {self._said(str(said)) or 'it broke off'}")
        if isinstance(said, aiohttp.ConnectionTimeoutError):
            return ConnectionFailed(f"no connection to {self._host} within {self._connect_timeout_s:g} s (AFTERPRINT_CONNECT_TIMEOUT_S)")
        return ConnectionFailed(f"no answer from {self._host} within {self._timeout_s:g} s (AFTERPRINT_TIMEOUT_S)")

    def _parsed(self, response: httpx2.Response) -> dict[str, Any]:
        status, text = response.status_code, response.text
        if text.lstrip().startswith("<"):
            raise Unusable(f"{self._url} is a web page, not a model's API: is the base URL right? It usually ends in /v1", status=status)
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise NotJson(f"{self._host} answered with something that is not a JSON object", status=status, body=self._said(text, _EXCERPT))
        if answer.get("error") and not answer.get("choices"):
            # Some gateways wrap another server's failure in a 200.
            code = answer["error"].get("code") if isinstance(answer["error"], dict) else None
            if isinstance(code, int) and 400 <= code < 600:
                raise self.rejection(code, response.headers, text)
            raise EmptyAnswer(f"{self._host} answered with an error: {_complaint(answer, self._said).message}", status=status)
        return answer

    def rejection(self, status: int, headers: Mapping[str, str], text: str) -> ProviderError:
        """The error for a response with a failure status."""
        complaint = _complaint(_json_or_none(text), self._said)
        details: dict[str, Any] = {"status": status, "body": self._said(text, _EXCERPT)}
        says = f"({status})" + (f": {complaint.message}" if complaint.message else "")
        if status in (401, 403):
            return KeyRejected(f"{self._host} does not accept the API key {says}; check {' or '.join(KEY_VARIABLES)}", **details)
        if complaint.code in _QUOTA or complaint.kind in _QUOTA:
            return Unusable(f"the account at {self._host} has no credit left {says}", **details)
        if complaint.code == "content_filter":
            return Filtered(f"the content filter of {self._host} stopped the request {says}", **details)
        if status == 429:
            return RateLimited(f"{self._host} limits the rate of requests {says}", retry_after_s=asked_wait_s(headers), **details)
        if status == 408:
            return ConnectionFailed(f"{self._host} gave up waiting {says}", **details)
        if status in (404, 405) and "model" not in complaint.message.lower():
            return Unusable(f"{self._url} has no {self.purpose} {says}; is the base URL right? It usually ends in /v1", **details)
        if status in (400, 422, 500, 501):
            special = _unsupported(complaint, f"{self._host} rejected the request {says}", details)
            if special:
                return special
        if status >= 500:
            return ServerFailed(f"{self._host} failed {says}", retry_after_s=asked_wait_s(headers), **details)
        if status < 400:
            target = self._said(headers.get("location", "elsewhere"))
            return Unusable(f"{self._url} sends requests on to {target}: use that as the base URL ({status})", **details)
        kind = Unusable if status == 404 else RequestRejected
        return kind(f"{self._host} rejected the request {says}", **details)


async def served_model(base_url: str, api_key: str | None, settings: Settings) -> str:
    """The model of a server that lists just one.

    Raises InputError, with what it lists, where the user has to choose; ProviderError where the server does not answer.
    """
    async with Wire(base_url, api_key, settings) as wire:
        try:
            names = await wire.models()
        except RequestRejected as error:
            # A server may well have no list. A web page is no server of models.
            if isinstance(error, KeyRejected) or error.status == _OK:
                raise
            names = []
    if len(names) == 1:
        return names[0]
    offer = f"serves {', '.join(names[:5])}" if names else "does not tell what it serves"
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    raise InputError(Problem(f"expected --model or AFTERPRINT_MODEL: {host_of(base_url)} {offer}{more}", field="model"))


class _Complaint(NamedTuple):
    """What a server says is wrong, whichever of the usual forms it says it in."""

    message: str
    code: str = ""
    kind: str = ""
    parameter: str = ""


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None if text.lstrip().startswith("<") else text


def _complaint(body: Any, said: Callable[[str], str]) -> _Complaint:
    if isinstance(body, list) and body:
        body = body[0]
    if isinstance(body, dict):
        body = body.get("error") or body.get("detail") or body
    if not isinstance(body, dict):
        return _Complaint(said(body if isinstance(body, str) else json.dumps(body) if body else ""))
    message = body.get("message")
    return _Complaint(
        said(message if isinstance(message, str) else json.dumps(body)),
        code=str(body.get("code") or ""),
        kind=str(body.get("type") or ""),
        parameter=str(body.get("param") or ""),
    )


def _unsupported(complaint: _Complaint, line: str, details: dict[str, Any]) -> RequestRejected | None:
    """The error for a request that would pass in another form: without this format, or without this parameter."""
    if _NOT_TAKEN.search(f"{complaint.code} {complaint.message}"):
        named = _PARAMETER_WORDS.search(complaint.parameter) or _PARAMETER_WORDS.search(complaint.message)
        if named:
            error = ParameterRejected(line, **details)
            error.parameter = named.group()
            return error
    if complaint.parameter.startswith("response_format") or _FORMAT_WORDS.search(complaint.message):
        return FormatUnsupported(line, **details)
    return None


def asked_wait_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, else `retry-after` in seconds or as a date. None where it does not say."""
    for header, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(header, "")) * unit_s
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
        # By the server's own clock where it tells the time: ours may differ.
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes 60 ms, the same ones each time."""
    import httpx2

    return httpx2.create_ssl_context()


def _network() -> httpx2.AsyncBaseTransport:
    """The SDK's aiohttp transport: a request costs it half of what httpx2's own does. No proxy of the environment."""
    import httpx2
    import openai

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    return openai.DefaultAioHttpClient(verify=_tls(), trust_env=False, limits=limits)._transport


def _limited(inner: httpx2.AsyncBaseTransport, max_bytes: int, host: str) -> httpx2.AsyncBaseTransport:
    """`inner`, reading no more than `max_bytes` (decompressed) of a response, error pages included."""
    import httpx2

    def refusal(response: httpx2.Response) -> NotJson:
        return NotJson(f"{host} answered with more than {max_bytes:,} bytes", status=response.status_code)

    class Counted(httpx2.AsyncByteStream):
        def __init__(self, response: httpx2.Response, stream: httpx2.AsyncByteStream) -> None:
            self._response = response
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            count = 0
            async for chunk in self._stream:
                count += len(chunk)
                if count > max_bytes:
                    raise refusal(self._response)
                yield chunk

        async def aclose(self) -> None:
            await self._stream.aclose()

    class Limited(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            response = await inner.handle_async_request(request)
            if "content-encoding" in response.headers:
                return await self._unpacked(response)
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = Counted(response, response.stream)
            return response

        async def _unpacked(self, response: httpx2.Response) -> httpx2.Response:
            """A compressed body is counted as it is unpacked: a small one may be a large one."""
            content = bytearray()
            try:
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > max_bytes:
                        raise refusal(response)
            finally:
                await response.aclose()
            headers = [(name, value) for name, value in response.headers.multi_items() if name not in _FRAMING]
            return httpx2.Response(response.status_code, headers=headers, content=bytes(content))

        async def aclose(self) -> None:
            await inner.aclose()

    return Limited()


_FRAMING = ("content-encoding", "content-length", "transfer-encoding")
