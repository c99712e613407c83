"""Filters, pages and etags as callers write them."""

from __future__ import annotations

import pytest

from conduix.errors import InvalidArgument
from conduix.v1.common_pb2 import Paging
from conduix_server.services.listing import etag, page_info, page_request, parse_filter, version_of
from conduix_server.store.paging import Page, PageRequest
from conduix_server.store.tables import User

ALLOWED = ("name", "state", "label.")


def test_conditions_and_labels() -> None:
    found = parse_filter(Paging(filter="name=orders  state=RUNNING label.env=prod label.a.b='x y'"), ALLOWED)
    assert found.values == {"name": "orders", "state": "RUNNING"}
    assert found.labels == {"env": "prod", "a.b": "x y"}
    assert (found.get("name"), found.get("mode")) == ("orders", "")
    assert parse_filter(Paging()).values == {}
    assert parse_filter(Paging(filter="name=a=b"), ALLOWED).get("name") == "a=b"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stat=RUNNING", "there is no condition 'stat': use label.KEY, name, state; did you mean state?"),
        ("running", "'running' is no condition: write name=value"),
        ("name=", "'name=' is no condition"),
        ("label.=x", "there is no condition 'label.'"),
        ("name='x", "close the quotes"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, said: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        parse_filter(Paging(filter=text), ALLOWED)
    assert said in refused.value.message
    assert refused.value.violations[0].field == "paging.filter"


def test_labels_stand_only_where_there_are_some() -> None:
    with pytest.raises(InvalidArgument, match=r"label\.env"):
        parse_filter(Paging(filter="label.env=x"), ("name",))
    with pytest.raises(InvalidArgument, match="no conditions"):
        parse_filter(Paging(filter="name=x"))


def test_pages() -> None:
    assert page_request(Paging()) == PageRequest(page_size=20, page_token="", page=1, order_by="")
    asked = Paging(page_size=7, page_token="t", order_by="name desc")  # noqa: S106 - not a secret
    assert page_request(asked) == PageRequest(page_size=7, page_token="t", page=1, order_by="name desc")  # noqa: S106
    none: list[User] = []
    info = page_info(Page(none, 41, 3, "next"))
    assert (info.next_page_token, info.total_size, info.total_pages) == ("next", 41, 3)


def test_etags_come_back_as_they_went() -> None:
    assert version_of(etag(7)) == 7
    assert version_of("") is None
    for wrong in ("7", "v", "v-1", "v1x", "v٣", "v" + "9" * 30):
        with pytest.raises(InvalidArgument, match="etag"):
            version_of(wrong)
