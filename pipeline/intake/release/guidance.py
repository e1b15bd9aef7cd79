"""Guidance: what a release expects of a period to come, from the tables and lists below a heading that says so."""

from __future__ import annotations

import calendar as months
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pipeline.facts.quantity import Bound, Scale, UnitClass
from pipeline.facts.sheet import Basis, Fact, Period, PeriodKind, Role
from pipeline.facts.vocabulary import RATES, vocabulary
from pipeline.intake.release.columns import Column
from pipeline.intake.release.dates import ORDINALS
from pipeline.intake.release.head import Calendar
from pipeline.intake.release.naming import plain
from pipeline.intake.release.pages import Line

Span = tuple[int, int | None]
"""A fiscal year, and its quarter or None for the whole of it."""

_HEADING = re.compile(r"\b(?:guidance|outlook)\b", re.IGNORECASE)
_END = re.compile(
    r"\b(?:conference call|webcast|about |forward[- ]looking statements|reconciliation|reconciles"
    r"|dividend declaration|use of non-gaap|safe harbor"
    r"|results$|contacts?:)",
    re.IGNORECASE,
)
_SPAN = re.compile(
    r"\b(?:Q(?P<q>[1-4])|(?P<word>first|second|third|fourth)[\s-]+(?:fiscal\s+)?quarter(?:\s+(?:of|for))?)\s*(?:fiscal(?:\s+year)?\s+|FY\s?)?(?P<qyear>20\d\d|\d\d)\b"
    r"|\b(?:FY\s?|(?:full[\s-]+)?(?:fiscal\s+)?(?:full[\s-]+)?year\s+(?:FY\s?)?|fiscal\s+)(?P<year>20\d\d|\d\d)\b",
    re.IGNORECASE,
)
_INTRODUCES = re.compile(r"\b(?:guidance|outlook|expects?)\b.*(?::|\bas follows.?|\bfor [^.]{5,30}\.)$", re.IGNORECASE)
_SPAN_WORDS = re.compile(
    r"\b(?:guidance|outlook|non-?gaap|gaap|current|prior|range|three|months|ending|in|billions|millions|except|per|share|data|and|percentages)\b|\W",
    re.IGNORECASE,
)
_FOOTNOTE = re.compile(r"(?<=[A-Za-z)])\(\d\)(?!\s?%)")
_NOTE = re.compile(r"\(\d\)|note\b", re.IGNORECASE)
_ONE = r"[~(]*-?[$€£]?\(?\d[\d,]*(?:\.\d+)?\)?\s?(?:%|percent)?\)?"
_WORD = r"(?:\s*(?P<{0}>billion|million|thousand)\b)?"
_CELL = re.compile(
    rf"(?P<about>~|approximately|about|around|roughly)?\s*(?P<low>{_ONE}){_WORD.format('s1')}"
    rf"(?:\s*(?:-|–|—|\bto\b)\s*(?P<high>{_ONE}){_WORD.format('s2')})?|(?P<none>\bN/A\b|\bn/a\b)",
    re.IGNORECASE,
)
_ITEM = re.compile(
    r"^[^A-Za-z]*(?P<label>[A-Za-z][^:$~%\d]*?(?:\d(?=\s+of\b))?)\s*(?::|\s+(?:of|between|in the range of|to be|is expected to be))"
    r"\s+(?P<rest>[^A-Za-z]*(?:approximately|about|around|between)?\s*[~$(]*\d.*)$"
)
_FORMER = re.compile(r",?\s*(?:which|compared?|versus|vs\.?|from|up from|\(?previous|\(?prior|prior guidance)\b.*$", re.IGNORECASE)
_FALL = re.compile(r"\b(?:declines?|decreases?|down|loss)\b", re.IGNORECASE)
_MOVES = re.compile(r"\b(?:growth|increases?|declines?|decreases?|up|down|expansion|contraction)\b")
_MARKS = re.compile(r"(?:\(\d\)|(?<=[a-z])\d(?=\s|$)|\([a-z]\)|[*^])")
_ADJUSTED = re.compile(r"\b(?:non-gaap|adjusted|core|underlying)\b")
_NAMES = {
    "revenue": "revenue", "revenues": "revenue", "net revenue": "revenue", "net revenues": "revenue", "net sales": "revenue",
    "total revenue": "revenue", "total revenues": "revenue",
    "eps": "eps", "diluted eps": "eps", "earnings per share": "eps",
    "diluted earnings per share": "eps", "earnings per diluted share": "eps",
    "diluted eps from continuing operations": "eps",
    "operating margin": "operating_margin", "operating income rate": "operating_margin",
    "enterprise operating income rate": "operating_margin",
    "operating income": "operating_income", "operating profit": "operating_income", "net income": "net_income",
    "gross margin": "gross_margin", "tax rate": "tax_rate", "effective tax rate": "tax_rate", "effective income tax rate": "tax_rate",
    "annual effective tax rate": "tax_rate", "ebitda": "ebitda", "free cash flow": "free_cash_flow", "capital expenditures": "capex",
    "capital spending": "capex", "comparable sales": "same_store_sales", "share repurchases": "buybacks",
    "operating cash flow": "operating_cash_flow",
    "depreciation and amortization": "depreciation_amortization", "current remaining performance obligation": "crpo",
    "organic revenue": "organic_growth", "organic fx-neutral": "organic_growth", "organic sales": "organic_growth",
}  # fmt: skip
_SCALES = {"billion": Scale.BILLION, "million": Scale.MILLION, "thousand": Scale.THOUSAND}
_LONGEST = 45


@dataclass(frozen=True, slots=True)
class Guided:
    """A fact of guidance with its period. `sure`: the period's last day follows from the calendar, and is not counted in weeks."""

    fact: Fact
    period: Period
    sure: bool


def guidance_of(lines: Sequence[Line], calendar: Calendar, currency: str, source: str) -> tuple[list[Guided], list[str]]:
    """What is guided, one fact for each metric and period, with doubts. Where two places differ, neither is kept."""
    found: dict[tuple[str, str, bool], Guided] = {}
    doubts: list[str] = []
    parts = list(_parts(lines, calendar, currency, source, doubts))
    quarterly = any(part.period.kind is PeriodKind.QUARTER for part in parts)
    differing = set()
    for part in parts:
        key = (part.fact.metric, part.period.id, part.fact.change is not None)
        other = found.setdefault(key, part)
        if (other.fact.low, other.fact.high, other.fact.value) != (part.fact.low, part.fact.high, part.fact.value):
            differing.add(key)
            doubts.append(
                f"guidance of {part.fact.metric} for {part.period.label} is left out, as two places differ: {_shown(other)}; {_shown(part)}"
            )
    kept: list[Guided] = []
    for key, part in found.items():
        if key not in differing:
            yearly = part.period.kind is PeriodKind.ANNUAL and quarterly
            name = f"guidance{'_fy' if yearly else ''}.{part.fact.metric}{'_growth' if part.fact.change else ''}"
            if any(one.fact.id == name for one in kept):
                name += f".{part.period.id}"
            kept.append(Guided(part.fact.model_copy(update={"id": name}), part.period, part.sure))
    unsure = {one.period.id: one.period for one in kept if not one.sure}
    doubts += [
        f"the release does not say on which day {period.label} ends: taken as {period.end}, counted in weeks" for period in unsure.values()
    ]
    return kept, doubts


def _shown(part: Guided) -> str:
    return f"'{part.fact.quote}' ({part.fact.locator})"


def _parts(lines: Sequence[Line], calendar: Calendar, currency: str, source: str, doubts: list[str]) -> Iterator[Guided]:
    at = 0
    while at < len(lines):
        text = lines[at].text.strip()
        if not (_HEADING.search(text) and len(text) < 90 and not re.search(r"[.,;:]$|[$%•]|^\W", text) and len(text.split()) < 9):
            at += 1
            continue
        end = at + 1
        while end < len(lines) and end < at + _LONGEST and not (len(lines[end].text.strip()) < 60 and _END.search(lines[end].text)):
            end += 1
        yield from _Block(lines[at:end], calendar, currency, source, doubts).facts()
        at = end


class _Block:
    """The lines below one heading: first what they are of, then the rows and items."""

    def __init__(self, lines: Sequence[Line], calendar: Calendar, currency: str, source: str, doubts: list[str]) -> None:
        self._lines, self._calendar, self._currency, self._source, self._doubts = lines, calendar, currency, source, doubts

    def facts(self) -> Iterator[Guided]:
        spans: list[Span] = []
        no_bases: list[bool | None] = [None]
        bases: list[bool] = []  # for each column, whether it is of adjusted figures
        scale: Scale | None = None
        about = listed = in_head = False
        before = ""
        for n, line in enumerate(self._lines):
            text = _FOOTNOTE.sub(" ", " ".join(line.text.split()))
            if not text.strip():
                continue
            if match := re.search(r"\bin (billion|million|thousand)s\b", text, re.IGNORECASE):
                scale = _SCALES[match[1].lower()]
            words = re.findall(r"(?<![\w-])(non-)?gaap\b", text, re.IGNORECASE)
            if len(words) == 2 and len(text.split()) <= 12 and not _CELL.search(_SPAN.sub(" ", text).replace("(a)", "")):
                bases = [bool(word) for word in words]
            if re.fullmatch(r"(?:approximately\s*)+", text, re.IGNORECASE):
                about = True
                continue
            item = _ITEM.match(text)
            if item and not (text.startswith("•") or before.endswith(":") or listed):
                item = None
            here, introduces = self._spans(text), n == 0 or bool(_INTRODUCES.search(text))
            if here and (introduces or not _SPAN_WORDS.sub(" ", _SPAN.sub(" ", text)).split()):
                # The heading, a table's head, or the sentence that introduces a list.
                # A head may run over several lines, one column each.
                spans, listed = [*spans, *here] if in_head and not introduces else here, False
                in_head = not introduces
                bases = bases if len(words) == 2 else []
                before = text
                continue
            in_head = in_head and not _SPAN_WORDS.sub(" ", text).split()
            before, listed = text, bool(item)
            if _NOTE.match(text):
                spans = []
            if not spans:
                continue
            cells = [] if item else self._row(text)
            if item and len(set(spans)) == 1:
                cell = _CELL.search(_FORMER.sub("", item["rest"]))
                if cell and not cell["none"]:
                    yield from self._fact(item["label"], cell, spans[0], None, scale, line, about=about)
            elif cells:
                columns = [(span, adjusted) for span in spans for adjusted in (bases or no_bases)]
                if len(cells) == len(columns):
                    below = " ".join(self._lines[n + 1].text.split()) if n + 1 < len(self._lines) else ""
                    same = re.fullmatch(r"(?:(billion|million)\s*)+", below, re.IGNORECASE)
                    near = _SCALES[same[1].lower()] if same else scale
                    for cell, (span, adjusted) in zip(cells, columns, strict=True):
                        if not cell["none"]:
                            yield from self._fact(_label(text), cell, span, adjusted, near, line, about=about)

    def _spans(self, text: str) -> list[Span]:
        found: list[Span] = []
        for match in _SPAN.finditer(text):
            year = int(match["qyear"] or match["year"])
            quarter = int(match["q"]) if match["q"] else ORDINALS[match["word"].lower()] if match["word"] else None
            found.append((year + 2000 if year < 100 else year, quarter))
        now = (self._calendar.year, self._calendar.quarter)
        return [span for span in found if (span[0], span[1] or 5) > now and span[0] <= now[0] + 1]

    def _row(self, text: str) -> list[re.Match[str]]:
        label = _label(text)
        return list(_CELL.finditer(text, len(label))) if label else []

    def _fact(
        self, label: str, cell: re.Match[str], span: Span, adjusted: bool | None, scale: Scale | None, line: Line, *, about: bool
    ) -> Iterator[Guided]:
        words = plain(_MARKS.sub(" ", label))
        percent = "%" in cell.group() or "percent" in cell.group().lower()
        own = bool(_ADJUSTED.search(words)) or bool(adjusted)
        metric = _metric(words, adjusted=own, percent=percent)
        if metric is None:
            return
        entry = vocabulary()[metric]
        growth = percent and entry.unit is not UnitClass.PERCENT
        moves = bool(_MOVES.search(words))
        if (growth and not moves) or (percent and not growth and moves and metric not in RATES):
            return  # "gross margin decline of 1%" is no level, and "revenue 10%" no rate
        word = cell["s2"] or cell["s1"]
        if entry.unit is UnitClass.MONEY and not growth:
            scale = _SCALES[word.lower()] if word else scale
            if scale is None or (cell["s1"] and cell["s2"] and cell["s1"].lower() != cell["s2"].lower()):
                self._doubts.append(
                    f"guidance of {metric} is left out, as its scale is not certain: '{' '.join(line.text.split())[:120]}' ({line.place})"
                )
                return
        else:
            scale = Scale.ONE
        if entry.unit is UnitClass.PER_SHARE and not growth and not re.search(r"[$€£]", cell.group()):
            # Perhaps in cents: "67 to 71 cents per share".
            self._doubts.append(
                f"guidance of {metric} is left out, as its currency is not certain: '{' '.join(line.text.split())[:120]}' ({line.place})"
            )
            return
        falls = percent and bool(_FALL.search(label))
        ends = [_value(printed, falls=falls) for printed in (cell["low"], cell["high"]) if printed]
        stated = "gaap" in words.replace("non-gaap", "") or adjusted is not None
        period, sure = self._period(span)
        yield Guided(
            Fact(
                id="guidance",
                metric=metric,
                value=ends[0] if len(ends) == 1 else None,
                low=min(ends) if len(ends) == 2 else None,
                high=max(ends) if len(ends) == 2 else None,
                unit="percent" if percent else f"{self._currency}/share" if entry.unit is UnitClass.PER_SHARE else self._currency,
                scale=scale,
                bound=Bound.ABOUT if (cell["about"] or about or "~" in cell["low"]) and len(ends) == 1 else None,
                change="yoy" if growth else None,
                period=period.id,
                basis=_basis(metric, own=own, stated=stated),
                role=Role.GUIDANCE,
                source=self._source,
                quote=f"{' '.join(label.split())} {' '.join(cell.group().split())}"[:200],
                locator=line.place,
            ),
            period,
            sure,
        )

    def _period(self, span: Span) -> tuple[Period, bool]:
        ahead = (span[0] - self._calendar.year) * 4 + (span[1] or 4) - self._calendar.quarter
        now = self._calendar.reported.end
        if self._calendar.monthly:
            month = now.year * 12 + now.month - 1 + 3 * ahead
            end = date(month // 12, month % 12 + 1, months.monthrange(month // 12, month % 12 + 1)[1])
        else:
            long = span[1] is None and re.search(r"\b53 weeks|\b53rd week", " ".join(line.text for line in self._lines))
            end = now + timedelta(weeks=13 * ahead + bool(long))
        kind = PeriodKind.QUARTER if span[1] else PeriodKind.ANNUAL
        return self._calendar.period(Column(kind, end)), self._calendar.monthly


def _label(text: str) -> str:
    """The words before the first figure, footnote marks among them."""
    unmarked = re.sub(r"\(\d\)", "   ", text)
    match = _CELL.search(unmarked)
    return text[: match.start()].rstrip() if match and re.search(r"[A-Za-z]{3}", text[: match.start()]) else ""


def _metric(words: str, *, adjusted: bool, percent: bool) -> str | None:
    words = _MARKS.sub(" ", words)
    core = " ".join(
        re.sub(
            r"\b(?:non-gaap|gaap|adjusted|core|underlying|growth|y/y|range|decline|decrease|increase|total company)\b|[()]", " ", words
        ).split()
    )
    name = _NAMES.get(core)
    if name == "eps":
        return "adjusted_eps" if adjusted else "eps_diluted"
    if name == "gross_margin" and not percent:
        name = "gross_profit"
    if name is None or (name == "organic_growth" and not percent):
        return None
    return f"adjusted_{name}" if adjusted and f"adjusted_{name}" in vocabulary() else name


def _basis(metric: str, *, own: bool, stated: bool) -> Basis:
    if metric == "organic_growth":
        return Basis.ORGANIC
    entry = vocabulary()[metric]
    if entry.basis == "kpi":
        return Basis.KPI
    if own or entry.basis == "adjusted":
        return Basis.ADJUSTED
    return Basis.GAAP if stated or entry.unit is UnitClass.MONEY else Basis.UNSTATED


def _value(printed: str, *, falls: bool) -> Decimal:
    digits = re.sub(r"[^\d.]", "", printed)
    value = Decimal(digits.rstrip("."))
    return -value if falls or "(" in printed or "-" in printed else value
