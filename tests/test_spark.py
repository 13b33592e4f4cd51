"""`parse_batches` on a real Spark, two workers: as many messages as BOUNCELIB_SPARK_MESSAGES says, each as a plain parse has it."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bouncelib import parse_bounce

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.spark,
    # Spark's own, on the way up and down.
    pytest.mark.filterwarnings("ignore"),
]
MESSAGES = int(os.environ.get("BOUNCELIB_SPARK_MESSAGES", "2000"))
SHOWN = ("kind", "format", "address", "action", "verdict", "reason", "rule", "status", "smtp_code", "diagnostic")


@pytest.fixture(scope="module")
def spark(package: Path) -> Iterator[Any]:
    if shutil.which("java") is None:
        pytest.skip("java is not installed")
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    # The workers' interpreters find the package that is under test.
    os.environ["PYTHONPATH"] = str(package.parent)
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "2g")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "2000")
        .getOrCreate()
    )
    yield session
    session.stop()


def test_every_message_is_read_as_it_is_alone(spark: Any, root: Path) -> None:
    from pyspark.sql.pandas.types import from_arrow_schema

    from bouncelib.arrow import SCHEMA, parse_batches

    mails = {str(file.relative_to(root)): file.read_bytes() for file in sorted((root / "fixtures").glob("*/*.eml"))}
    once = spark.createDataFrame([(name, bytearray(raw)) for name, raw in mails.items()], "id string, raw binary")
    times = -(-MESSAGES // len(mails))
    frame = once.crossJoin(spark.range(times).withColumnRenamed("id", "time")).limit(MESSAGES).repartition(8)
    read = frame.mapInArrow(partial(parse_batches, origin="id"), from_arrow_schema(SCHEMA)).cache()

    counted = read.groupBy("origin", *SHOWN).count().collect()
    names = Counter({row["id"]: row["count"] for row in frame.groupBy("id").count().collect()})
    assert names.total() == MESSAGES
    expected: Counter[tuple[str | None, ...]] = Counter()
    for name, count in names.items():
        report = parse_bounce(mails[name])
        for one in report.recipients or (None,):
            values = (getattr(report if key in {"kind", "format"} else one, key, None) for key in SHOWN)
            expected[name, *(None if value is None else str(value) for value in values)] += count
    assert {(row["origin"], *(row[key] for key in SHOWN)): row["count"] for row in counted} == expected
