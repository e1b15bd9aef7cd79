"""A run as JUnit XML, which CI servers read: a test for each case, one for each gated metric."""

from __future__ import annotations

from lxml import etree

from evals.comparison import LEVEL, Comparison
from evals.metrics import FLOORS, GATED
from evals.results import CaseResult


def render_junit(comparison: Comparison) -> bytes:
    """A suite `cases` (drafted, floors kept) and a suite `gate` (each gated metric, and whatever else keeps the run from passing)."""
    root = etree.Element("testsuites", name="afterprint eval")
    _suite(root, "cases", [(case.case, _broken(case)) for case in comparison.run.cases])
    if comparison.baseline is not None:
        tests = [(metric.name, _lost(comparison, metric.name)) for metric in GATED]
        _suite(root, "gate", [*tests, ("verdict", "; ".join(comparison.reasons))])
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True))


def _suite(root: etree._Element, name: str, tests: list[tuple[str, str]]) -> None:
    failures = sum(bool(why) for _, why in tests)
    suite = etree.SubElement(root, "testsuite", name=name, tests=str(len(tests)), failures=str(failures), errors="0", skipped="0")
    for test, why in tests:
        case = etree.SubElement(suite, "testcase", classname=f"afterprint.eval.{name}", name=_clean(test))
        if why:
            etree.SubElement(case, "failure", message=_clean(why))


def _broken(case: CaseResult) -> str:
    if case.failed:
        return f"not drafted: {case.error}"
    broken = [m for m in FLOORS if (value := case.scores.get(m.name)) is not None and m.breaks_floor(value)]
    return "; ".join(f"{metric.name} is {case.scores[metric.name]:g}, floor {metric.floor:g}" for metric in broken)


def _lost(comparison: Comparison, name: str) -> str:
    one = comparison.of(name)
    if one is None or not one.failed or one.stats is None:
        return ""
    return f"{one.baseline:.3f} to {one.run:.3f}: {one.stats.mean:+.3f}, more than {one.metric.margin:g} below (p < {LEVEL:g})"


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)
