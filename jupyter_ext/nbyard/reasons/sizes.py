"""Sizes for people: bytes with a unit, as the browser and the lines in logs show them."""

UNITS = ("B", "kB", "MB", "GB", "TB")


def format_bytes(count: int) -> str:
    """Return a number of bytes with its unit, such as `15.2 kB`."""
    # Digits are counted, because math.log(1000, 10) is less than 3.
    power = min((len(str(count)) - 1) // 3, len(UNITS) - 1)
    if not power:
        return f"{count} B"
    unit = 1000**power
    tenths = (count * 10 + unit // 2) // unit
    if tenths == 10_000 and power + 1 < len(UNITS):  # 999,950 bytes are 1.0 MB
        tenths, power = 10, power + 1
    return f"{tenths / 10:.1f} {UNITS[power]}"
