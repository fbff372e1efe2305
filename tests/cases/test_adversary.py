"""Each of the adversary's backends: found there and only there, or nothing found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.adversary import FLAWED
from tests.cases.allies import RIGHT
from tests.cases.kit import tried
from tests.cases.pieces import Backend


def _marked(backend: Backend) -> object:
    return pytest.param(backend, id=backend.name.replace(" ", "-").replace(",", ""))


@pytest.mark.parametrize("backend", [_marked(backend) for backend in (*FLAWED, *RIGHT)])
def test_there_and_only_there(backend: Backend, tmp_path: Path) -> None:
    result = tried(
        tmp_path,
        backend.code,
        backend.routes,
        policies=backend.policies,
        settings=backend.settings,
        credentials=list(backend.credentials),
        drills=backend.drills,
        **dict(backend.options),
    )
    if not backend.found:
        assert [(v.verdict, v.route, v.credential, v.seen, v.detail) for v in result.record.verdicts if v.failed] == []
        assert result.record.passed
        return
    assert not result.record.passed
    named = {entry for entry in backend.found if entry[2] != "*"}
    assert named <= result.failed
    assert {entry[:2] for entry in backend.found} <= {entry[:2] for entry in result.failed}
    if backend.exactly and named == backend.found:
        assert named == result.failed
    elif backend.exactly:
        assert {entry[:2] for entry in backend.found} == {entry[:2] for entry in result.failed}
    else:
        assert {route for _, route, _ in result.failed} == {route for _, route, _ in backend.found}
