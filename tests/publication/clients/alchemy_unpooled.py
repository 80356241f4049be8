"""SQLAlchemy with duckdb-engine and no pool: each `connect` opens the file."""

import duckdb
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool
from trial import LOOK, main


class Unpooled:
    def __init__(self, file: str) -> None:
        self._engine = create_engine(
            f"duckdb:///{file}", connect_args={"read_only": True}, poolclass=NullPool
        )

    def look(self) -> set[float]:
        with self._engine.connect() as connection:
            return set(connection.execute(text(LOOK)).scalars())

    def close(self) -> None:
        pass


if __name__ == "__main__":
    main(Unpooled, duckdb.__version__)
