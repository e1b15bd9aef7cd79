"""`afterprint model`: models that run on this machine: list, pull, serve."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.cli.output import say, say_json, tell

_OWN_KEY = "AFTERPRINT_API_KEY"
_NAME = typer.Argument(help="A name of `afterprint model list`, such as 1.5b.", show_default=False)
_NAME_OR_FILE = typer.Argument(help="A name of `afterprint model list`, or a .gguf file. Default: 1.5b.", show_default=False)

app = typer.Typer(help="Models that run on this machine, without a key or a network.", no_args_is_help=True)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False) -> None:
    """The models that can be pulled, and which of them are here."""
    from pipeline.config import load_settings
    from pipeline.llm.local.models import CATALOGUE, models_folder

    folder = models_folder(load_settings())
    rows = [_row(model, folder) for model in CATALOGUE]
    if as_json:
        say_json({"folder": str(folder), "models": rows})
        return
    for model, row in zip(CATALOGUE, rows, strict=True):
        say(f"{model.alias}  {model.name}  {model.size()}  {model.licence} ({model.maker})  sha256 {model.sha256[:12]}…")
        say(f"      {row['state']}: {row['path']}" if row["state"] != "absent" else f"      not here: afterprint model pull {model.alias}")
        if row["partial_bytes"]:
            say("      part of it is here: a pull goes on from there")


@app.command("pull")
def pull(name: Annotated[str | None, _NAME] = None) -> None:
    """Fetch a model and verify it. An interrupted pull goes on where it stopped."""
    from pipeline.cli.pulling import pulled
    from pipeline.config import load_settings
    from pipeline.errors import UsageError
    from pipeline.llm.local.models import Model, chosen, models_folder, state

    settings = load_settings()
    model = chosen(name)
    if not isinstance(model, Model):
        raise UsageError(f"{model} is a file of your own: it needs no pull, use it with --drafter local --model {model}")
    if state(model, models_folder(settings)) == "verified":
        tell(f"{model.name} is here already, verified")
    say(str(pulled(model, settings)))


@app.command("serve")
def serve(
    name: Annotated[str | None, _NAME_OR_FILE] = None,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 for any that is free.")] = 8_080,
    ctx: Annotated[int, typer.Option(min=512, max=1_000_000, help="Tokens of a conversation.")] = 16_384,
    log: Annotated[bool, typer.Option("--log", help="Show what llama.cpp says.")] = False,
) -> None:
    """Serve a model to this machine as an OpenAI-compatible endpoint, until Ctrl-C. Its key: AFTERPRINT_API_KEY, else a random one."""
    from pipeline.cli.pulling import model_file
    from pipeline.config import load_settings
    from pipeline.llm.local.server import LocalServer

    file, model = model_file(name, load_settings())
    # Only our own variable: a key for another service must not become one that is handed around here.
    own_key = os.environ.get(_OWN_KEY, "").strip()
    stop = threading.Event()
    try:
        with LocalServer(file, context_tokens=ctx, alias=model, api_key=own_key, port=port, log=log) as server:
            tell(f"serving {model} on this machine only, until Ctrl-C. In another terminal:")
            say(f"export AFTERPRINT_BASE_URL={server.base_url} AFTERPRINT_MODEL={model}")
            say(f"export {_OWN_KEY}={server.api_key}" if not own_key else f"# {_OWN_KEY} as it is set here")
            stop.wait()
    except KeyboardInterrupt:
        # The way to end it, so no failure.
        tell("stopped")


def _row(model: Any, folder: Path) -> dict[str, Any]:
    from pipeline.llm.local.models import state
    from pipeline.llm.local.pulling import came_so_far

    return {
        "name": model.name,
        "alias": model.alias,
        "bytes": model.bytes,
        "licence": model.licence,
        "maker": model.maker,
        "sha256": model.sha256,
        "state": state(model, folder),
        "path": str(folder / model.file),
        "partial_bytes": came_so_far(model, folder),
    }
