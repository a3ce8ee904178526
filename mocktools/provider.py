"""What a provider file declares: its host, its endpoints, and so both sides of each tool.

An `Endpoint` names the tool that calls it, its address and parameters (the client side) and the function
that answers (the server side); `Provider.tools()` and `Provider.routes()` are the two views of it.
`mocktools/README.md` shows how to add one. Not covered: anything but GET with a query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mocktools.router import Route
from mocktools.server import Body, ErrorStyle, Param, Query, respond
from mocktools.tools import Tool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API: the `tool` name and `description` for its caller, its `path`, `params` and `answer`."""

    tool: str
    description: str
    path: str
    answer: Callable[[Query], Body]
    params: tuple[Param, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Provider:
    """Who offers the endpoints. `errors` words its refusals; `fixtures` names the tables it reads."""

    name: str
    host: str
    errors: ErrorStyle
    endpoints: tuple[Endpoint, ...]
    fixtures: tuple[str, ...] = ()

    def tools(self) -> tuple[Tool, ...]:
        """The callers' side of the endpoints."""
        return tuple(
            Tool(
                name=endpoint.tool,
                description=endpoint.description,
                parameters={
                    "type": "object",
                    "properties": {param.name: param.schema() for param in endpoint.params},
                    "required": [param.name for param in endpoint.params if param.required],
                },
                provider=self.name,
                tags=endpoint.tags,
                url=f"https://{self.host}{endpoint.path}",
                example={param.name: param.example for param in endpoint.params if param.required},
            )
            for endpoint in self.endpoints
        )

    def routes(self) -> tuple[Route, ...]:
        """The servers' side of the endpoints, in the order of `tools()`."""
        return tuple(
            Route("GET", self.host, endpoint.path, partial(respond, endpoint.answer, endpoint.params, self.errors))
            for endpoint in self.endpoints
        )
