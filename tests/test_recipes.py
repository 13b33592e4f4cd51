"""The recipes for web frameworks and task queues run, each in its framework and in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MESSAGE = ROOT / "fixtures" / "textbook" / "refused-in-session-postfix.eml"
BLOCKS = re.findall(r"^```py\n(.*?)^```$", (ROOT / "docs" / "recipes.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)

SETUP = {
    "django": """
from django.conf import settings
settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="x")
import django
django.setup()
"""
}
ASK = {
    "django": """
import types
from django.urls import path
urls = types.ModuleType("urls")
urls.urlpatterns = [path("bounce", bounce)]
settings.ROOT_URLCONF = urls
from django.test import Client
answer = Client().post("/bounce", raw, content_type="message/rfc822").json()
assert Client().get("/bounce").status_code == 405
""",
    "flask": """
answer = app.test_client().post("/bounce", data=raw, content_type="message/rfc822").get_json()
""",
    "fastapi": """
from fastapi.testclient import TestClient
answer = TestClient(app).post("/bounce", content=raw).json()
""",
    "celery": """
import json
from celery import Celery
Celery().conf.task_always_eager = True
answer = json.loads(json.dumps(bounce.apply(args=[raw.decode("latin-1")]).get()))
""",
}


def test_each_recipe_for_a_framework_is_run() -> None:
    found = sorted(name for block in BLOCKS for name in ASK if re.search(rf"^from {name}\b", block, re.MULTILINE))
    assert found == sorted(ASK)


@pytest.mark.parametrize("name", ASK)
def test_a_recipe_runs_in_its_framework(name: str) -> None:
    pytest.importorskip(name, reason=f"{name} is not installed (extra recipes)")
    recipe = next(block for block in BLOCKS if re.search(rf"^from {name}\b", block, re.MULTILINE))
    script = "\n".join(
        (
            SETUP.get(name, ""),
            recipe.replace("from __future__ import annotations", ""),
            f"raw = open({str(MESSAGE)!r}, 'rb').read()",
            ASK[name],
            "from bouncelib import BounceReport, parse_bounce",
            "assert BounceReport.from_dict(answer) == parse_bounce(raw)",
        )
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
