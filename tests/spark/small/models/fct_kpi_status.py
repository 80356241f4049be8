"""The bands of those series, judged by the workers as `int_process_bands` has them judged."""


def model(dbt, session):
    dbt.config(materialized="table", file_format="parquet")
    from pipelines.spark.judging import judged

    return judged(dbt.ref("int_band_series"))
