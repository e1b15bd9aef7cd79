"""`afterprint eval`: the harness's own commands, found by their entry point: the pipeline does not know the harness.

Heavy libraries are imported inside the commands: `afterprint --help` must come at once.
"""

from __future__ import annotations

import typer

from evals.cli import gate, trust

app = typer.Typer(help="Score drafts against reference notes; compare with a baseline; gate.", no_args_is_help=True)
app.command("run")(gate.run)
app.command("score")(gate.score)
app.command("compare")(gate.compare)
app.command("report")(gate.report)
app.command("bless")(gate.bless)
app.command("schema")(gate.schema)
app.command("perturb")(trust.perturb)
app.command("calibrate")(trust.calibrate)
app.command("judge")(trust.judge)
