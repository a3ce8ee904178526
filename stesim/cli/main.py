"""The `stesim` command and its subcommands."""

from __future__ import annotations

import io
import os
import sys

import click

from stesim import __version__
from stesim.cli.ablate import ablate
from stesim.cli.bench import bench
from stesim.cli.common import Group
from stesim.cli.completion import completion
from stesim.cli.distill import distill
from stesim.cli.evaluate import evaluate
from stesim.cli.export import export_
from stesim.cli.finetune import finetune
from stesim.cli.memory import memory
from stesim.cli.parse import parse
from stesim.cli.rehearse import rehearse
from stesim.cli.report import report
from stesim.cli.run import run
from stesim.cli.show import show
from stesim.cli.tools import tools

EPILOG = """\b
Examples:
  stesim run                              explore the starter tools with SmolLM2
  stesim run --model mistral.gguf --tools forecast_weather --watch
  stesim run --model replay:runs/first    repeat a recorded run without its model
  stesim memory runs/first                what was learnt about each tool
  stesim show runs/first 3                the third trial, word for word
  stesim parse < reply.txt                what a model's reply says, as JSON
  stesim distill runs/first               make demonstrations of the good trials
  stesim eval --predictions FILE          how many replies are well-formed and correct
  stesim report runs/first                baseline, ICL and FT side by side, as Markdown
  stesim export runs/first --format messages   the demonstrations as training data
  stesim finetune runs/first              train the model on the demonstrations
  stesim rehearse runs/first              learn tools in rounds, and see what is forgotten
  stesim bench                            run, distill, eval, finetune and report, one after the other
  stesim ablate                           the same without one part of the method at a time
"""


@click.group(cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="stesim")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A local language model learns to use tools by simulated trial and error, offline.

    The model imagines user queries for a mock API, tries to answer them by calling it, reads the results,
    reflects and remembers. Everything a run does is in its folder, as plain text.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a letter gets its number
            stream.reconfigure(errors="backslashreplace")


for command in (
    run,
    memory,
    show,
    distill,
    tools,
    parse,
    evaluate,
    export_,
    finetune,
    rehearse,
    report,
    bench,
    ablate,
    completion,
):
    main.add_command(command)
