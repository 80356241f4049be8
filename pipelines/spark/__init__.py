"""The same models on Apache Spark (docs/spark.md): what Koers needs there, and how the public
tables come into the DuckDB warehouse file."""
