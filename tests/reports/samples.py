"""Reports for tests: one of everything, and what a hostile package would like to see in one."""

from hypothesis import strategies as st

from tui_migrate.findings import Finding, Severity
from tui_migrate.reports.model import (
    Fact,
    Found,
    Point,
    Report,
    ReportChart,
    ReportColumn,
    ReportTable,
    Unit,
    Value,
    Verdict,
    verdict_of,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "a|b`c*d_e[f](http://x)#~&amp;",
    "\x1b[31mred\x07\r\n\u202eevil\u200b\u2028",
    "mongodb://u:hunter2@h/d?password=hunter2",
    "注文" * 80,
    "x" * 10_000,
    "\ud800",
    "",
    " a  b ",
)

texts = st.one_of(st.text(max_size=30), st.sampled_from(HOSTILE))
values: st.SearchStrategy[Value] = st.one_of(texts, st.integers(0, 2**63), st.none())
units = st.sampled_from(Unit)
findings = st.builds(Finding, st.sampled_from(Severity), texts, texts, texts, texts, st.integers(1, 10**9))


@st.composite
def tables(draw: st.DrawFn) -> ReportTable:
    columns = draw(st.lists(st.builds(ReportColumn, texts, units), min_size=1, max_size=6))
    row = st.tuples(*(values for _ in columns))
    return ReportTable(draw(texts), tuple(columns), tuple(draw(st.lists(row, max_size=3))))


@st.composite
def chart_lines(draw: st.DrawFn) -> tuple[Point, ...]:
    times = sorted(draw(st.lists(st.integers(0, 10**9), min_size=2, max_size=5)))
    return tuple((at, draw(st.integers(0, 10**12))) for at in times)


charts = st.builds(ReportChart, texts, texts, st.lists(chart_lines(), min_size=1, max_size=3).map(tuple))

reports = st.builds(
    Report,
    texts,
    texts,
    st.sampled_from(Verdict),
    st.just("2026-01-31T12:00:00.000Z"),
    st.just("0.1.0"),
    st.lists(st.builds(Fact, texts, values, units), max_size=4).map(tuple),
    st.lists(tables(), max_size=3).map(tuple),
    st.lists(st.builds(Found, findings, st.sampled_from(["", "validate"])), max_size=4).map(tuple),
    st.lists(charts, max_size=2).map(tuple),
)


def report(*found: Finding, subject: str = "/backups/shop") -> Report:
    """A report with a table and these findings."""
    columns = (ReportColumn("name"), ReportColumn("documents", Unit.COUNT), ReportColumn("size", Unit.BYTES))
    return Report(
        "Check of a package",
        subject,
        verdict_of(found),
        "2026-01-31T12:00:00.000Z",
        "0.1.0",
        (Fact("form", "native"), Fact("size", 12_345, Unit.BYTES), Fact("database", None)),
        (ReportTable("Collections", columns, (("users", 1_204, 12_345), ("recent", None, None))),),
        tuple(map(Found, found)),
    )


def finding(
    severity: Severity = Severity.ERROR, code: str = "id_duplicate", subject: str = "shop.users", count: int = 1
) -> Finding:
    return Finding(severity, code, subject, "a document has the _id of the one before it", "get a fresh copy", count)
