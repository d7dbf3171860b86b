"""The data of `validate.lua` checked by pydantic, in memory and from JSON text. Needs pydantic 2."""

import json
import math
import time
from typing import Annotated, Literal, Optional

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, TypeAdapter

Text = StrictStr


class Address(BaseModel):
    street: Annotated[Text, Field(min_length=1, max_length=100)]
    city: Text
    zip: Annotated[Text, Field(pattern="^[0-9]{5}$")]
    country: Annotated[Text, Field(min_length=2, max_length=2)]


class User(BaseModel):
    id: Annotated[StrictInt, Field(ge=1)]
    name: Annotated[Text, Field(min_length=1, max_length=80)]
    email: Annotated[Text, Field(pattern="^[^@ ]+@[^@ ]+$")]
    age: Annotated[StrictInt, Field(ge=0, le=150)]
    score: Annotated[StrictFloat, Field(ge=0, le=1)]
    active: StrictBool
    role: Literal["admin", "editor", "viewer"]
    address: Address
    tags: list[Text]
    nickname: Optional[Text] = None


class Users(BaseModel):
    """A list behind one member, for `model_validate_json`."""

    users: list[User]


class Flat(BaseModel):
    id: StrictInt
    width: StrictInt
    title: Text
    author: Text
    published: StrictBool
    price: StrictFloat
    weight: StrictFloat
    language: Text
    pages: StrictInt
    available: StrictBool


ROLES = ["admin", "editor", "viewer"]


def make_user(i):
    user = {
        "id": i,
        "name": f"user number {i}",
        "email": f"user{i}@example.com",
        "age": 18 + i % 60,
        "score": i / 128,
        "active": i % 2 == 0,
        "role": ROLES[i % 3],
        "address": {"street": f"{i} Main Street", "city": "Springfield", "zip": str(10000 + i), "country": "US"},
        "tags": ["one", "two", "three", f"tag{i}"],
    }
    if i % 4 == 0:
        user["nickname"] = f"nick{i}"
    return user


users = [make_user(i) for i in range(1, 101)]
text = json.dumps(users, separators=(",", ":"))
wrapped = '{"users":' + text + "}"
flat = {
    "id": 1, "width": 2, "title": "title", "author": "author", "published": True,
    "price": 1.5, "weight": 2.5, "language": "en", "pages": 9, "available": False,
}
numbers = [(i + 1) * 0.5 for i in range(1000)]

adapter = TypeAdapter(list[User])
number_list = TypeAdapter(list[StrictFloat])


def measure(name, operation):
    def spend(count):
        start = time.process_time()
        for _ in range(count):
            operation()
        return time.process_time() - start

    count = 1
    while (spent := spend(count)) < 0.02:
        count *= 8
    count = math.ceil(count * 0.1 / spent)
    least = min(spend(count) / count for _ in range(9))
    print(f"{name}\t{least * 1e9:.1f}")


measure("pydantic: users", lambda: adapter.validate_python(users))
measure("pydantic: flat", lambda: Flat.model_validate(flat))
measure("pydantic: numbers", lambda: number_list.validate_python(numbers))
measure("pydantic: text, list", lambda: adapter.validate_json(text))
measure("pydantic: text, model_validate_json", lambda: Users.model_validate_json(wrapped))
measure("json.loads", lambda: json.loads(text))
