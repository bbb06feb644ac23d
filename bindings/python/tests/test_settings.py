"""Keywords are the settings that are declared, and mean what they mean everywhere."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

import zerobus_arrow as za
from zerobus_arrow import _native, _settings

DECLARED = {name: (group, shape, example) for name, group, shape, example, _, _ in _native.settings()}
ADDRESS = {
    "endpoint": "http://127.0.0.1:9",
    "host": "http://127.0.0.1:9",
    "client_id": "me",
    "client_secret": "canary",
}


def value_of(name: str, place: Path) -> Any:
    """The example of a setting, as a value of Python."""
    _, shape, example = DECLARED[name]
    match shape:
        case "Flag":
            return example == "true"
        case "Count":
            return int(example)
        case "Bytes":
            return int(example.removesuffix("MiB")) << 20
        case "Duration":
            units = {"ms": "milliseconds", "s": "seconds", "m": "minutes"}
            unit = example.lstrip("0123456789")
            return datetime.timedelta(**{units[unit]: int(example.removesuffix(unit))})
        case "Names":
            return example.split(",")
        case "Path":
            return place / name
    return example


def toml_of(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case datetime.timedelta():
            return str(value.total_seconds())
        case list():
            return str(value)
    return f'"{value}"'


def found(name: str, **options: Any) -> str | None:
    with za.Client(**options) as client:
        return next(value for known, value, _ in client.settings() if known == name)


@pytest.mark.parametrize("name", DECLARED)
def test_a_keyword_means_what_the_same_key_of_a_file_means(name: str, tmp_path: Path) -> None:
    base: dict[str, Any] = dict(ADDRESS)
    if name.startswith("debug_"):
        base["debug_dir"] = tmp_path / "another"
    value = value_of(name, tmp_path)
    plain = found(name, **base)
    by_keyword = found(name, **{**base, name: value})

    file = tmp_path / "zb.toml"
    file.write_text(f"{name} = {toml_of(value)}\n")
    base.pop(name, None)
    by_file = found(name, **base, config_file=file)
    text = str(value) if isinstance(value, Path) else DECLARED[name][2]
    by_text = found(name, **{**base, name: text})
    assert by_keyword == by_file == by_text
    assert by_keyword is not None
    assert name == "client_secret" or by_keyword != plain
    assert "canary" not in by_keyword


def test_keywords_are_those_that_are_declared() -> None:
    keywords = {*_settings.Connection.__annotations__, *_settings.ClientOptions.__annotations__}
    assert keywords == {*DECLARED, *_settings._PLACES, *_settings._OWN}
    delivery = {name for name, (group, _, _) in DECLARED.items() if group == "Delivery"}
    assert set(_settings.SenderOptions.__annotations__) == delivery
    connection = {name for name, (group, _, _) in DECLARED.items() if group == "Connection"}
    assert set(_settings.Connection.__annotations__) == {*connection, *_settings._PLACES}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"streams": 65}, "streams is a whole number from 1 to 64, not 65 (keyword streams)"),
        ({"streams": 2.5}, "streams is a whole number from 1 to 64, not 2.5"),
        ({"streams": 1 << 70}, "not 1180591620717411303424"),
        ({"fit": "never"}, 'fit is "when_readable", "required" or "off", not "never" (keyword fit)'),
        ({"ack_timeout": -1}, "ack_timeout is a time above 0"),
        ({"ack_timeout": datetime.timedelta(-1)}, "ack_timeout is a time above 0"),
        ({"stamp_rows": "perhaps"}, "stamp_rows is true or false"),
        ({"quarantine": object()}, "quarantine is a path"),
        ({"debug_only": "arrow"}, "debug_only does nothing without debug_dir (keyword debug_only)"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(given: dict[str, Any], told: str) -> None:
    with pytest.raises(za.ConfigurationError) as caught:
        za.Client.dry_run(**given)
    assert told in str(caught.value)


def test_a_file_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "zb.toml"
    file.write_text("# All of it.\nstreems = 4\n")
    with pytest.raises(za.ConfigurationError, match=r"zb.toml:2\); did you mean streams\?"):
        za.Client(**ADDRESS, config_file=file)  # type: ignore[arg-type]


def test_a_sender_has_settings_of_its_own(tmp_path: Path) -> None:
    import pyarrow as pa

    schema = pa.schema([("n", pa.int64())])
    with za.Client.local(tmp_path / "lake", stamp_rows=True) as client:
        with client.sender("main.default.things", schema, stamp_rows=False) as sender:
            assert sender.send(pa.table({"n": [1]})).durable == 1
        with pytest.raises(za.ConfigurationError, match=r"keyword request_rows"):
            client.sender("main.default.things", schema, request_rows=0)
