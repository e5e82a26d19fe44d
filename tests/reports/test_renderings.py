import re
from html.parser import HTMLParser

from hypothesis import given

from tests.reports.samples import HOSTILE, finding, report, reports
from tui_migrate.findings import Finding, Severity
from tui_migrate.reports.cells import cells, wrapped
from tui_migrate.reports.html import to_html
from tui_migrate.reports.markdown import plain, to_markdown
from tui_migrate.reports.model import Fact, Found, Report, ReportColumn, ReportTable, Unit, Verdict
from tui_migrate.reports.text import UNBROKEN, WIDTH, lines, to_text

FOUND = (finding(count=1_200), finding(Severity.WARNING, "view_source_missing"), finding(Severity.NOTE, "n", ""))


def test_the_text_reads_well() -> None:
    assert (
        to_text(report(*FOUND[:2]))
        == """\
✗ Check of a package: 1 error, 1 warning
  /backups/shop

  form      native
  size      12,345 bytes
  database  —

Collections
  name    documents  size (bytes)
  users       1,204        12,345
  recent          —             —

Errors
  id_duplicate
    shop.users: a document has the _id of the one before it (1,200 times)
    → get a fresh copy

Warnings
  view_source_missing
    shop.users: a document has the _id of the one before it
    → get a fresh copy

tui-migrate 0.1.0, 2026-01-31T12:00:00.000Z
"""
    )


def test_a_report_without_findings_says_so() -> None:
    assert "✓ Check of a package: no finding" in to_text(report())
    assert "**✓ no finding**" in to_markdown(report())
    assert "✓ no finding" in to_html(report())
    assert next(lines(report(), unicode=False)).startswith("+ ")


@given(reports)
def test_no_line_is_wider_than_the_terminal_and_none_acts_on_it(one: Report) -> None:
    text = to_text(one)
    assert all(cells(line) <= WIDTH for line in text.splitlines())
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text) is None
    assert "hunter2" not in text


def test_what_is_too_wide_is_broken_and_nothing_is_left_out() -> None:
    name, path = "c" * 60, "fields." + "p" * 70
    columns = (ReportColumn("collection"), ReportColumn("path"), ReportColumn("values", Unit.COUNT))
    one = Report("t", "s", Verdict.GOOD, "", "", tables=(ReportTable("Types", columns, ((name, path, 12_345),)),))
    rows = to_text(one).split("Types\n")[1].splitlines()[1:-2]
    assert "".join(row[2:].split("  ")[0].strip() for row in rows).replace(" ", "")[:60].count("c") >= 30
    assert sum(row.count("c") for row in rows) == 60
    assert sum(row.count("p") for row in rows) == 70
    assert rows[0].endswith("12,345")


def test_a_program_that_reads_finds_names_whole() -> None:
    name = "chat sessions " * 20
    columns = (ReportColumn("collection"), ReportColumn("values", Unit.COUNT))
    table = ReportTable("Types", columns, ((name, 12_345),))
    one = Report("t", "s", Verdict.GOOD, "", "", facts=(Fact("A", name),), tables=(table,))
    shown = list(lines(one, width=UNBROKEN))
    assert sum(name.strip() in line for line in shown) == 2
    assert max(map(len, shown)) < len(name) + 20


def test_a_column_in_which_nothing_stands_is_left_out() -> None:
    columns = (ReportColumn("how"), ReportColumn("reason"), ReportColumn("count", Unit.COUNT))
    for reason, heads in (("", "  how     count"), ("why", "  how     reason  count")):
        rows = (("only in A", "", 1), ("only in B", reason, 2))
        shown = to_text(Report("t", "s", Verdict.GOOD, "", "", tables=(ReportTable("Documents", columns, rows),)))
        (head,) = (line for line in shown.splitlines() if line.startswith("  how"))
        assert head.split() == heads.split()


@given(reports)
def test_markdown_has_as_many_lines_whatever_the_texts_are(one: Report) -> None:
    text = to_markdown(one)
    for table in one.tables:
        for row in [line for line in text.splitlines() if line.startswith("| ")]:
            assert re.search(r"(?<!\\)(\\\\)*[<>`]", row) is None
        assert len(table.columns) >= 1
    assert "hunter2" not in text
    assert "<script" not in text.replace("\\<script", "")


def test_no_text_is_taken_for_markup_by_markdown() -> None:
    for text in HOSTILE:
        escaped = plain(text)
        for sign in "`*_[]<>|&":
            assert escaped.count(sign) == escaped.count("\\" + sign)
    assert plain("http://x www.x a@b") == "http\\://x www\\.x a\\@b"
    evil = Finding(Severity.ERROR, "a_b", "x|y", "<b>", "`z`")
    said = to_markdown(report(evil))
    assert "- **x\\|y** — \\<b\\> (a\\_b)\n  - \\`z\\`" in said
    assert "| error | a\\_b | 1 | 1 |" in said


class Reader(HTMLParser):
    """Reads HTML as a browser would, and keeps what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(reports)
def test_html_holds_nothing_but_its_own_markup(one: Report) -> None:
    text = to_html(one)
    reader = Reader()
    reader.feed(text)
    known = {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "dl", "dt", "dd", "ul", "li"}
    known |= {"table", "tr", "th", "td", "b", "br", "code", "footer", "svg", "path", "text"}
    assert {tag for tag, _ in reader.tags} <= known
    names = {name for _, attrs in reader.tags for name, _ in attrs}
    drawn = {"viewbox", "role", "aria-label", "width", "fill", "d", "stroke", "stroke-opacity", "stroke-width"}
    drawn |= {"stroke-linejoin", "x", "y", "text-anchor", "transform", "font-size"}
    assert names <= {"lang", "charset", "name", "content", "http-equiv", "class"} | drawn
    assert one.title in reader.text
    assert "hunter2" not in text
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_html_shows_facts_tables_and_findings() -> None:
    text = to_html(report(*FOUND))
    assert "<dt>size</dt><dd>12,345 bytes</dd>" in text
    assert '<tr><td>users</td><td class="number">1,204</td><td class="number">12,345</td></tr>' in text
    assert "(1,200 times) <code>id_duplicate</code><br>→ get a fresh copy</li>" in text
    assert '<p class="verdict errors">✗ 1 error, 1 warning, 1 note</p>' in text
    assert len(text) < 5_000


def test_an_empty_table_says_so() -> None:
    one = Report("t", "s", Verdict.GOOD, "", "", tables=(ReportTable("Types", (ReportColumn("a"),), ()),))
    assert "Types\n  none\n" in to_text(one)
    assert "## Types\n\nnone\n" in to_markdown(one)
    assert "<p>none</p>" in to_html(one)


def test_a_stage_stands_beside_what_it_found() -> None:
    one = Report("t", "s", Verdict.ERRORS, "", "", findings=(Found(finding(), "verify"),))
    assert "  id_duplicate, verify\n" in to_text(one)
    assert "(id\\_duplicate, verify)" in to_markdown(one)
    assert "<code>id_duplicate</code>, verify" in to_html(one)


@given(reports)
def test_wrapping_loses_no_character(one: Report) -> None:
    for width in (8, 40):
        broken = wrapped(one.subject, width)
        assert all(cells(line) <= width for line in broken)
        assert "".join(broken).replace(" ", "") == one.subject.replace(" ", "")
