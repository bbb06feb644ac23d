"""The rows that every client sends, and that the table must then hold: nothing but their number
decides what is in them. Plain Python, for any environment."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

TABLE = "main.conformance.rows"
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def row(i: int) -> dict:
    """The row with this number. Every third value of each column is null, at another place."""
    at = EPOCH + timedelta(microseconds=(i - 5) * 123_456_789_012)
    values = {
        "ok": i % 2 == 0,
        "tiny": i % 256 - 128,
        "small": (i * 7919) % 65_536 - 32_768,
        "count": (i * 2_654_435_761) % 2**32 - 2**31,
        "score": i / 7,
        "ratio": i / 4,
        "name": f"row {i}: Zürich ✓" if i % 5 else "",
        "raw": bytes([i % 256, 0, 255]),
        "price": Decimal(i * 101 - 5_000).scaleb(-2),
        "day": date(1970, 1, 1) + timedelta(days=i * 37 - 1_000),
        "at": at,
        "wall": at.replace(tzinfo=None),
        "tags": [f"t{i}", "", "x"],
        "place": {"x": -i, "label": f"place {i}" if i % 2 else None},
        "attributes": {"a": i, f"k{i}": -i},
    }
    nulled = {
        name: None if (i + place) % 3 == 0 else value
        for place, (name, value) in enumerate(values.items())
    }
    return {"id": i, **nulled}


def rows(start: int, end: int) -> list[dict]:
    return [row(i) for i in range(start, end)]


def days(value: date) -> int:
    return (value - date(1970, 1, 1)).days


def micros(value: datetime) -> int:
    return (value.replace(tzinfo=timezone.utc) - EPOCH) // timedelta(microseconds=1)


def numbers(row: dict) -> dict:
    """The row with days and instants as integers and decimals as text, without nulls."""
    as_numbers = {"day": days, "at": micros, "wall": micros, "price": str}
    return {
        name: as_numbers.get(name, lambda same: same)(value)
        for name, value in row.items()
        if value is not None
    }
