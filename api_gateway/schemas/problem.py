"""Errors as clients read them."""

from pydantic import BaseModel, Field


class FieldFault(BaseModel):
    """One field and what is wrong with it."""

    field: str
    fault: str


class Problem(BaseModel):
    """RFC 9457. `code` is stable; `detail` is one sentence."""

    type: str = "about:blank"
    title: str
    status: int = Field(ge=400, le=599)
    code: str
    detail: str
    instance: str
    errors: list[FieldFault] = []
