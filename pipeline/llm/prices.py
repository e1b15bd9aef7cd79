"""What a response cost, by the price list that is installed. It is never updated over the network."""

from __future__ import annotations

from pipeline.llm.types import Price, Usage
from pipeline.llm.wire import OPENAI_URL


def cost_usd(usage: Usage, model: str, base_url: str | None) -> Price | None:
    """US dollars for `usage` at today's list price, cached tokens at their own rate. `base_url` None is OpenAI's own API.

    None where the list has no such provider or model: a local server, a new model, a private deployment.
    """
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    tokens = Tokens(
        input_tokens=usage.prompt_tokens,
        cache_read_tokens=min(usage.cached_tokens, usage.prompt_tokens),
        output_tokens=usage.completion_tokens,
    )
    try:
        return calc_price(tokens, model, provider_api_url=base_url or OPENAI_URL).total_price
    except LookupError:
        return None
