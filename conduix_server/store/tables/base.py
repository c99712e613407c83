"""What all tables share: types that mean the same on SQLite and MariaDB, names of constraints, the root class."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Dialect, LargeBinary, MetaData, String, Text
from sqlalchemy.dialects.mysql import DATETIME, LONGBLOB, MEDIUMTEXT
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

MYSQL_OPTIONS: Any = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
"""The binary collation compares as SQLite does: names that differ in case or accents are two names."""

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcTime(TypeDecorator[datetime]):
    """A moment with microseconds: aware and in any zone going in, aware and UTC coming out."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MariaDB drops the fraction unless it is asked to keep it."""
        return dialect.type_descriptor(DATETIME(fsp=6) if dialect.name in {"mysql", "mariadb"} else DateTime())

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Raises ValueError for a time without zone: nobody could say which moment that is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """What is stored is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


LONG_TEXT = Text().with_variant(MEDIUMTEXT(), "mysql", "mariadb")
LONG_BYTES = LargeBinary().with_variant(LONGBLOB(), "mysql", "mariadb")

Id = Annotated[str, mapped_column(String(36))]
Key = Annotated[str, mapped_column(String(36), primary_key=True)]
Word = Annotated[str, mapped_column(String(50))]
Name = Annotated[str, mapped_column(String(255))]
Hash = Annotated[str, mapped_column(String(64))]
Long = Annotated[str, mapped_column(LONG_TEXT)]
Blob = Annotated[bytes, mapped_column(LONG_BYTES)]
# a number of ours is never "the next one" of the database
Number = Annotated[int, mapped_column(BigInteger, autoincrement=False)]
Moment = Annotated[datetime, mapped_column(UtcTime)]


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """A row is a plain value: it is read and written by explicit statements, changing it changes nothing stored."""

    metadata = MetaData(naming_convention=NAMES)
    __table_args__ = MYSQL_OPTIONS
