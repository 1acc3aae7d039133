"""A summary as Markdown tables, for READMEs and papers."""

from __future__ import annotations

from eobench.leaderboard._summary import Summary, SummaryRow


def markdown(summary: Summary) -> str:
    """Return one table for each level and budget: methods down, data sets across.

    A cell is the mean in % for metrics that lie in 0..1 (else the number itself), with the standard deviation if
    there are several cells; bold is the best of those with all their cells; `n/N` follows an incomplete mean.

    Args:
        summary: of `summary_table`.
    """
    percent = all(r.mean is None or abs(r.mean) <= 1 for r in summary.rows)
    groups: dict[str, list[SummaryRow]] = {}
    for row in summary.rows:
        title = ", ".join(word for word in (row.supervision, row.given) if word)
        groups.setdefault(title, []).append(row)
    unit = "%" if percent else ""
    head = f"`{summary.metric}` {unit}".strip()
    return "\n".join(_table(f"{title}, {head}", rows, percent=percent) for title, rows in groups.items())


def _table(title: str, rows: list[SummaryRow], *, percent: bool) -> str:
    sets = list(dict.fromkeys(r.dataset for r in rows))
    methods = list(dict.fromkeys((r.method, r.base_model) for r in rows))
    found = {(r.method, r.base_model, r.dataset): r for r in rows}
    lines = [f"### {title}", "", _line(["method", *sets]), _line(["---", *["---:"] * len(sets)])]
    for method, base in sorted(methods, key=lambda m: (m[0], m[1] or "")):
        name = method + (f", {base}" if base else "")
        lines.append(_line([name, *(_cell(found.get((method, base, s)), percent=percent) for s in sets)]))
    return "\n".join([*lines, ""])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|").replace("\n", " ") for c in cells) + " |"


def _cell(row: SummaryRow | None, *, percent: bool) -> str:
    if row is None:
        return ""
    if row.mean is None:
        return row.coverage
    scale = 100 if percent else 1
    text = f"{scale * row.mean:.1f}" + ("" if row.sd is None else f" ± {scale * row.sd:.1f}")
    if row.best:
        text = f"**{text}**"
    return text if row.complete else f"{text} ({row.coverage})"
