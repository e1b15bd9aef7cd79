"""The only retry. Each attempt is the caller's to report; nothing below this asks twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from pipeline.errors import ProviderError

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]

FIRST_WAIT_S = 0.5


async def ask_again(
    once: Callable[[int, float], Awaitable[T]],
    *,
    adapt: Callable[[ProviderError], bool],
    max_attempts: int,
    max_wait_s: float,
    sleep: Sleep,
    random: Callable[[], float],
) -> T:
    """Call `once(number, waited_s)` until it answers, at most `max_attempts` times; raise the last error otherwise.

    A retryable error is followed by the wait that the server asked for, else by one that doubles from half a second, less a part drawn from
    `random` (which returns [0, 1)). No wait is longer than `max_wait_s`: where the server asks for more, the error is raised at once.
    Any other error is raised unless `adapt(error)` changed what will be asked, and then there is nothing to wait for.
    """

    def again(error: BaseException) -> bool:
        if not isinstance(error, ProviderError):
            return False
        if error.retryable:
            return (error.retry_after_s or 0.0) <= max_wait_s
        return adapt(error)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, ProviderError) or not error.retryable:
            return 0.0
        if error.retry_after_s is not None:
            return error.retry_after_s
        longest = min(max_wait_s, FIRST_WAIT_S * 2.0 ** (state.attempt_number - 1))
        return longest * (1 - random() / 2)

    number = 0
    try:
        async for attempt in AsyncRetrying(
            sleep=sleep, stop=stop_after_attempt(max_attempts), wait=wait, retry=retry_if_exception(again), reraise=True
        ):
            with attempt:
                number = attempt.retry_state.attempt_number
                return await once(number, attempt.retry_state.upcoming_sleep)
    except ProviderError as error:
        error.args = (_last_words(error, number, max_wait_s),)
        raise
    raise AssertionError("tenacity ends with an answer or an error")


def _last_words(error: ProviderError, attempts: int, max_wait_s: float) -> str:
    """The error's line, with why nobody asks again."""
    if error.retryable and (error.retry_after_s or 0.0) > max_wait_s:
        return f"{error}; it asks to wait {error.retry_after_s:g} s, more than the {max_wait_s:g} s allowed (AFTERPRINT_MAX_WAIT_S)"
    if error.retryable and attempts > 1:
        return f"{error} (tried {attempts} times)"
    return str(error)
