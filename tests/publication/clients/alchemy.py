"""SQLAlchemy with duckdb-engine. Its pool keeps connections: what closes is `dispose`."""

import duckdb
from sqlalchemy import create_engine, text
from trial import LOOK, main


class Alchemy:
    def __init__(self, file: str) -> None:
        self._engine = create_engine(f"duckdb:///{file}", connect_args={"read_only": True})

    def look(self) -> set[float]:
        with self._engine.connect() as connection:
            return set(connection.execute(text(LOOK)).scalars())

    def close(self) -> None:
        self._engine.dispose()


if __name__ == "__main__":
    main(Alchemy, duckdb.__version__)
