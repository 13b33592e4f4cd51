"""The charts of the page, drawn by pygal as SVG."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any, Final

# What makes its charts answer to a mouse, and asks the network for it.
_SCRIPT: Final = re.compile(r"<script\b.*?</script>", re.DOTALL)
_HARD: Final = "#b42318"
_SOFT: Final = "#b98900"
_LABELS: Final = 16


def _pygal() -> Any:  # noqa: ANN401 - pygal is not typed
    import pygal  # type: ignore[import-untyped]

    # It leaves a finder without `find_spec` behind, of which Python 3.11 warns at every import that follows.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
    return pygal


def _drawn(chart: Any) -> str:  # noqa: ANN401
    return _SCRIPT.sub("", chart.render(is_unicode=True))


def _options(colors: tuple[str, ...]) -> dict[str, Any]:
    style = _pygal().style.Style(
        background="transparent", plot_background="transparent", foreground="#333", foreground_strong="#111",
        foreground_subtle="#666", colors=colors, font_family="system-ui, sans-serif", label_font_size=12,
        major_label_font_size=12, legend_font_size=13, value_font_size=12, transition="0s",
    )  # fmt: skip
    return {"style": style, "js": (), "disable_xml_declaration": True, "width": 900}


def timeline(rows: Sequence[tuple[str, int, int]]) -> str:
    """Return a chart of what bounced, as SVG: for each day or month what did so hard and soft."""
    chart = _pygal().StackedBar(
        **_options((_HARD, _SOFT)),
        height=320,
        x_label_rotation=40,
        legend_at_bottom=True,
        show_minor_x_labels=len(rows) <= _LABELS,
        x_labels_major_count=_LABELS,
    )
    chart.x_labels = [when for when, _, _ in rows]
    chart.add("hard", [hard for _, hard, _ in rows])
    chart.add("soft", [soft for _, _, soft in rows])
    return _drawn(chart)


def bars(title: str, rows: Sequence[tuple[str, int]]) -> str:
    """Return a chart of `rows`, names with counts, as SVG."""
    height = 90 + 28 * len(rows)
    chart = _pygal().HorizontalBar(**_options(("#1f5f99",)), height=height, show_legend=False, print_values=True)
    # It draws from below.
    chart.x_labels = [name for name, _ in reversed(rows)]
    chart.add(title, [count for _, count in reversed(rows)])
    return _drawn(chart)
