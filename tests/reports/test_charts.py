"""How fast a run was: measured from samples, and drawn in every form of a report."""

import re
from dataclasses import replace
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from tests.reports.samples import charts, report
from tui_migrate.journal.records import Sample
from tui_migrate.reports.chart_words import WIDTH, chart_words, mean, peak, span, sparkline
from tui_migrate.reports.html import to_html
from tui_migrate.reports.json_form import form, parse, to_json
from tui_migrate.reports.markdown import to_markdown
from tui_migrate.reports.model import ReportChart
from tui_migrate.reports.svg import chart_svg
from tui_migrate.reports.text import to_text
from tui_migrate.reports.throughput import throughput_charts

SAMPLES = (
    Sample(1, 100.0, 0, 0),
    Sample(1, 102.0, 2_000, 20_000),
    Sample(1, 104.0, 3_000, 30_000),
    Sample(1, 104.1, 3_100, 31_000),
    Sample(2, 110.0, 3_100, 31_000),
    Sample(2, 112.0, 7_100, 71_000),
)
DOCUMENTS = ReportChart(
    "Throughput in documents",
    "documents/s",
    (((0, 1_000), (2_000, 1_000), (4_100, 524)), ((10_000, 2_000), (12_000, 2_000))),
)


def test_each_attempt_is_a_line_and_what_is_too_short_to_measure_counts_with_what_was_before() -> None:
    documents, content = throughput_charts(SAMPLES)
    assert documents == DOCUMENTS
    assert [value for _, value in content.lines[0]] == [10_000, 10_000, 5_238]


def test_of_nothing_there_is_no_chart() -> None:
    assert throughput_charts(()) == ()
    assert throughput_charts(SAMPLES[:1]) == ()
    assert throughput_charts((Sample(1, 1.0, 5, 5), Sample(1, 9.0, 5, 5))) == ()


sampled = st.lists(
    st.builds(Sample, st.integers(1, 3), st.floats(0, 1e9), st.integers(0, 10**9), st.integers(0, 10**12)), max_size=12
)


@given(sampled)
def test_whatever_the_clock_did_there_is_a_report(some: list[Sample]) -> None:
    for one in throughput_charts(some):
        assert "NaN" not in "".join(chart_svg(one))
        assert chart_words(one)


@given(charts)
def test_a_chart_is_whole_xml_in_its_frame_and_its_sparkline_fits(one: ReportChart) -> None:
    root = ElementTree.fromstring("".join(chart_svg(one)))  # noqa: S314 - our own
    texts = [element.text for element in root.iter() if element.tag == "text"]
    assert one.unit in texts or not one.unit.strip()
    assert "time since the run began" in texts
    for path in root.iter("path"):
        numbers = [int(found) for found in re.findall(r"-?[0-9]+", path.attrib["d"])]
        assert all(0 <= found <= 720 for found in numbers)
    for unicode in (True, False):
        assert len(sparkline(one, unicode=unicode)) <= WIDTH
    assert 0 <= mean(one) <= peak(one)


def test_every_form_shows_it() -> None:
    one = replace(report(), charts=(DOCUMENTS,))
    words = "12.0 s, mean 1,164, at most 2,000 documents/s"
    assert chart_words(DOCUMENTS) == words
    assert span(DOCUMENTS) == 12_000
    line = sparkline(DOCUMENTS)
    assert (len(line), set(line[20:50])) == (60, {" ", line[19]}) or " " in line
    assert f"Throughput in documents\n  {line}\n  {words}\n" in to_text(one)
    assert f"## Throughput in documents\n\n{line}\n\n{words}\n" in to_markdown(one)
    html = to_html(one)
    assert html.count("<svg ") == 1
    assert "documents/s</text>" in html
    assert "<script" not in html
    assert form(one)["charts"] == [
        {
            "title": "Throughput in documents",
            "unit": "documents/s",
            "lines": [[[0, 1_000], [2_000, 1_000], [4_100, 524]], [[10_000, 2_000], [12_000, 2_000]]],
        }
    ]
    assert parse(to_json(one)) == one
