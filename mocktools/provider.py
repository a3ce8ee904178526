"""What a provider file declares: its host, its endpoints, and so both sides of each tool.

An `Endpoint` names the tool that calls it, its method, address and parameters (the client side) and the function
that answers (the server side); `Provider.tools()` and `Provider.routes()` are the two views of it.
`mocktools/README.md` shows how to add one. Not covered: authentication, uploads.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import orjson

from mocktools.params import Param, Place, object_schema, place_of
from mocktools.refusals import ApiError, ErrorStyle
from mocktools.router import Incoming, Reply, Route
from mocktools.server import Body, Query
from mocktools.tools import Tool

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One API: the `tool` name and `description` for its caller, its `path`, `params` and `answer`.

    A parameter that the path names (`/v1/tasks/{task_id}`) travels there, the others in the query, or in a JSON body
    for POST, PUT and PATCH. `status` is that of a good reply; a 204 has no body. `shows` are the optional parameters
    that belong in the tool's example call.
    """

    tool: str
    description: str
    path: str
    answer: Callable[[Query], Body]
    params: tuple[Param, ...] = ()
    tags: tuple[str, ...] = ()
    method: Method = "GET"
    status: int = 200
    shows: tuple[str, ...] = ()

    def places(self) -> dict[str, Place]:
        """Where each parameter travels."""
        return {param.name: place_of(param.name, self.method, self.path) for param in self.params}

    def example(self) -> dict[str, Any]:
        """Arguments that work."""
        return {param.name: param.example for param in self.params if param.required or param.name in self.shows}


@dataclass(frozen=True, slots=True)
class Provider:
    """Who offers the endpoints. `errors` words its refusals; `fixtures` names the tables it reads.

    `state` makes what the provider remembers (`Query.state`) from its seed table, for the date that it is told.
    """

    name: str
    host: str
    errors: ErrorStyle
    endpoints: tuple[Endpoint, ...]
    fixtures: tuple[str, ...] = ()
    state: Callable[[datetime.date], object] | None = None

    def tools(self) -> tuple[Tool, ...]:
        """The callers' side of the endpoints."""
        return tuple(
            Tool(
                name=endpoint.tool,
                description=endpoint.description,
                parameters=object_schema(endpoint.params),
                provider=self.name,
                tags=endpoint.tags,
                url=f"https://{self.host}{endpoint.path}",
                example=endpoint.example(),
                method=endpoint.method,
            )
            for endpoint in self.endpoints
        )

    def routes(self) -> tuple[Route, ...]:
        """The servers' side of the endpoints, in the order of `tools()`."""
        return tuple(
            Route(endpoint.method, self.host, endpoint.path, partial(respond, self, endpoint), self.errors)
            for endpoint in self.endpoints
        )


def respond(provider: Provider, endpoint: Endpoint, incoming: Incoming) -> Reply:
    """The reply of an API: its answer's body, or an `ApiError` in the provider's own style."""
    state = incoming.world.state(provider.name, provider.state) if provider.state else None
    places = endpoint.places()
    try:
        body = endpoint.answer(Query(incoming, endpoint.params, places, state))
        return Reply(endpoint.status, b"" if endpoint.status == 204 else orjson.dumps(body))
    except ApiError as error:
        error.places = tuple(places.get(_root(name), "query") for name in error.params)
        return Reply(error.status, orjson.dumps(provider.errors(error)))


def _root(name: str) -> str:
    """The parameter that "place.city" and "labels[0]" stand in."""
    return name.split(".")[0].split("[")[0]
