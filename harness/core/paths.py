"""Path templates of routes and of OpenAPI documents."""

from __future__ import annotations

import re

_PARAMETER = re.compile(r"\{[^}]*\}")


def path_shape(path: str) -> str:
    """Return a path template without the names of its parameters: `/peers/{id}` gives `/peers/{}`.

    The app's routes and its OpenAPI document may name the same parameter differently. Templates with equal shapes are the same
    path. Text around the path, such as the method of a route key, is left as it is.
    """
    return _PARAMETER.sub("{}", path)
