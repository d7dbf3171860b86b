"""Reads a file of what `values.lua` prints and asks an independent validator, python's jsonschema, about every value.

Differences that docs/types-at-run-time.md lists are counted apart: a value with an empty table in it is a list and an
object at once, and lengths are bytes for a type and characters for a schema."""

import json
import sys

from jsonschema import Draft202012Validator


def has_wide_text(value):
    if isinstance(value, str):
        return not value.isascii()
    if isinstance(value, list):
        return any(map(has_wide_text, value))
    if isinstance(value, dict):
        return any(has_wide_text(item) for pair in value.items() for item in pair)
    return False


def main():
    total = listed = wrong = 0
    name = validator = None
    accepted = count = 0
    rows = []

    def finish():
        if name is not None:
            rows.append(f"{name}: {count} values, {accepted} valid")

    for line in open(sys.argv[1], encoding="utf-8"):
        row = json.loads(line)
        if "schema" in row:
            finish()
            name, accepted, count = row["type"], 0, 0
            Draft202012Validator.check_schema(row["schema"])
            validator = Draft202012Validator(row["schema"])
            continue
        total += 1
        count += 1
        accepted += row["valid"]
        if validator.is_valid(row["value"]) != row["valid"]:
            if row["table"] or has_wide_text(row["value"]):
                listed += 1
                continue
            wrong += 1
            if wrong <= 20:
                print(f"{name}: the type says {row['valid']}: {json.dumps(row['value'])}")
    finish()
    print("\n".join(rows))
    print(f"{len(rows)} types, {total} values: {wrong} disagreements, {listed} that are documented")
    return 1 if wrong or not total else 0


sys.exit(main())
