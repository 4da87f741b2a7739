"""The tree of exceptions."""

from __future__ import annotations

import pickle

import pytest

from kmsramcred import errors


def every(base: type[errors.KmsRamCredError]) -> list[type[errors.KmsRamCredError]]:
    return [base, *(found for derived in base.__subclasses__() for found in every(derived))]


def test_every_status_of_the_core_has_its_class() -> None:
    assert sorted(errors._BY_STATUS) == [2, 4, 5, 100, 101, 200, 201, 300, 301, 302, 400, 401, 402, 403, 404, 500, 501, 600, 601]
    assert len({kind.kind for kind in errors._BY_STATUS.values()}) == len(errors._BY_STATUS)


@pytest.mark.parametrize("late", [errors.TimedOutError, errors.NotReadyError])
def test_too_late_is_a_timeout_error(late: type[errors.KmsRamCredError]) -> None:
    with pytest.raises(TimeoutError):
        raise late("too slow")


def test_a_status_of_a_newer_core_is_still_ours() -> None:
    error = errors._from_native(999, "new", None, None, None, None, False, "")
    assert type(error) is errors.KmsRamCredError and error.status == 999


@pytest.mark.parametrize("status", sorted(errors._BY_STATUS))
def test_an_error_travels_between_processes(status: int) -> None:
    error = errors._from_native(status, "message", "Code", "id", 403, 1.5, True, "advice")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error) and str(copy) == "message"
    assert vars(copy) == vars(error) and copy.code == "Code" and copy.retry_after == 1.5
