"""`stesim completion`: the script that makes a shell complete stesim's commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(epilog='\b\nExample:\n  eval "$(stesim completion bash)"     in ~/.bashrc\n')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell."""
    command = click.get_current_context().find_root().command
    found = get_completion_class(shell)
    assert found is not None  # the choices are the shells that click knows
    click.echo(found(command, {}, "stesim", "_STESIM_COMPLETE").source())
