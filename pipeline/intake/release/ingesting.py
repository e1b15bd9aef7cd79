"""An earnings release to a fact sheet: the statements first, then what agrees with them, then guidance and quotations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from pipeline.facts.sheet import MAX_ID, Basis, Fact, FactSheet, Period, Source
from pipeline.facts.vocabulary import vocabulary
from pipeline.intake.document import Document
from pipeline.intake.figures import unit_of
from pipeline.intake.ingested import Choice, Ingested
from pipeline.intake.periods import fact_id, role
from pipeline.intake.release.candidates import Candidate, Key, agree, of_others, of_statements
from pipeline.intake.release.guidance import guidance_of
from pipeline.intake.release.head import Calendar, Head, calendar_of, head_of, quarters_from_year_end, quarters_known
from pipeline.intake.release.left_out import left_out
from pipeline.intake.release.pages import Line, lines_of
from pipeline.intake.release.quotations import statements_of
from pipeline.intake.release.sentences import of_prose
from pipeline.intake.release.tables import Table, tables_of

_SOURCE = "release"
_SHARES_OFF = 2
"""By what factor net income over diluted shares may differ from diluted EPS: what else is taken from income is less than that, and a
wrong scale is a thousand."""


def ingest(document: Document, *, ticker: str | None, sector: str | None, period: str | None) -> Ingested:
    """The sheet of the period that a release reports. `period` must be that one, by id or last day, when it is given.

    Raises InputError for what is no release, has no results in tables whose columns are certain, or reports another period.
    """
    lines = lines_of(document)
    tables, sure, unsaid = _read(lines)
    calendar_found = calendar_of(lines, [candidate.column for candidate in sure])
    if not sure or calendar_found is None:
        raise document.refused(
            "has no results in it that can be told for certain: expected an earnings release with a statement of income, its scale"
            " (in millions) and the periods above its columns (Three Months Ended ...)"
        )
    calendar, doubts = calendar_found
    doubts = [*unsaid, *doubts]
    if not unsaid:
        tables = list(tables_of(lines, quarters_known(calendar, [candidate.column for candidate in sure])))
    reported = calendar.period(calendar.reported)
    if period is not None and period.lower() not in (reported.id, reported.end.isoformat()):
        raise document.refused(
            f"reports {reported.id}, which ends on {reported.end}: expected {period}; give another file, or leave --period out"
        )
    head, more = head_of(document, lines, ticker=ticker, sector=sector)
    doubts += more
    candidates = [*sure, *of_others(tables, sure), *of_prose(lines, calendar.reported)]
    building = _Building(head, calendar, reported)
    building.add(candidates)
    building.check_shares()
    facts, choices = list(building.facts()), list(building.choices)
    guided, unsure = guidance_of(lines, calendar, head.company.currency, _SOURCE)
    choices += [Choice(one.fact.id, f"'{one.fact.quote}' ({one.fact.locator}), below a heading of guidance") for one in guided]
    missed = left_out(lines, frozenset(fact.metric for fact in facts))
    periods = [*building.periods(), *(one.period for one in guided)]
    sheet = FactSheet(
        company=head.company,
        period=reported.id,
        released=head.released,
        periods=tuple({one.id: one for one in [reported, *periods]}.values()),
        sources=(Source(id=_SOURCE, title=head.title, kind="press_release", publisher=head.company.name, published=head.released),),
        facts=(*facts, *(one.fact for one in guided)),
        statements=statements_of(lines, _SOURCE),
    )
    return Ingested(sheet, tuple(choices), (*doubts, *building.doubts, *unsure, *missed))


def _read(lines: Sequence[Line]) -> tuple[list[Table], list[Candidate], list[str]]:
    """The tables, what the statements among them say, and a doubt where the days of their columns had to be told from elsewhere."""
    tables = list(tables_of(lines))
    sure = list(of_statements(tables))
    if sure or (told := quarters_from_year_end(lines)) is None:
        return tables, sure, []
    quarters, doubt = told
    tables = list(tables_of(lines, quarters))
    return tables, list(of_statements(tables)), [doubt]


class _Building:
    """Picks one candidate for each thing that a fact can be about, and says why and what it doubts."""

    def __init__(self, head: Head, calendar: Calendar, reported: Period) -> None:
        self._head, self._calendar, self._reported = head, calendar, reported
        self._chosen: dict[Key, Candidate] = {}
        self._rivals: dict[Key, list[Candidate]] = {}
        self.doubts: list[str] = []
        self.choices: list[Choice] = []

    def add(self, candidates: Iterable[Candidate]) -> None:
        by_key: dict[Key, list[Candidate]] = {}
        for candidate in candidates:
            by_key.setdefault(candidate.key, []).append(candidate)
        for key, rivals in by_key.items():
            rivals.sort(key=lambda one: (not one.statement, one.rank))  # stable: of equals the first that stands in the document
            best = rivals[0]
            against = [one for one in rivals[1:] if one.statement is best.statement and one.rank == best.rank and not agree(one, best)]
            if against and not best.statement:
                self.doubts.append(f"{best.metric} is left out, as the release says two things: {_shown(best)}; {_shown(against[0])}")
                continue
            if unlike := [one for one in rivals[1:] if best.statement and _doubtful(one, best)]:
                self.doubts.append(f"{best.metric}: the release says both {_shown(best)} and {_shown(unlike[0])}: the first is used")
            self._chosen[key] = best
            self._rivals[key] = [one for one in rivals[1:] if not agree(one, best)]

    def check_shares(self) -> None:
        """Leave out a number of shares that net income and EPS speak against: its scale is another one than the table's."""
        for key in [key for key in self._chosen if key[0] == "diluted_shares"]:
            shares = self._chosen[key]
            income = self._chosen.get(("net_income", None, Basis.GAAP, key[3]))
            eps = self._chosen.get(("eps_diluted", None, Basis.GAAP, key[3]))
            if income is None or eps is None or not shares.value or not eps.value:
                continue
            implied = abs(income.whole / shares.whole)
            expected = abs(eps.value)
            if expected > Decimal("0.02") and not expected / _SHARES_OFF <= implied <= expected * _SHARES_OFF:
                del self._chosen[key]
                self.doubts.append(f"diluted_shares is left out, as net income over it is not EPS: {_shown(shares)}")

    def facts(self) -> Iterable[Fact]:
        taken: set[str] = set()
        for key, one in self._chosen.items():
            period = self._calendar.period(one.column)
            its_role = role(period, self._reported)
            name = fact_id(one.metric, one.segment, its_role, period, self._reported)
            if name in taken or len(name) > MAX_ID:
                reason = "a second time" if name in taken else "for its name is too long for an id"
                self.doubts.append(f"{name} is left out {reason}: {_shown(one)}")
                continue
            taken.add(name)
            where = f"in the {one.table}" if one.table else "in a table"
            self.choices.append(Choice(name, f"{_shown(one)} {where}", tuple(_shown(rival) for rival in self._rivals[key])))
            yield Fact(
                id=name,
                metric=one.metric,
                segment=one.segment,
                value=one.value,
                unit=unit_of(vocabulary()[one.metric], self._head.company.currency),
                scale=one.scale,
                period=period.id,
                basis=one.basis,
                role=its_role,
                definition=f"{self._head.company.short_name}'s own adjusted measure" if one.basis is Basis.ADJUSTED else None,
                source=_SOURCE,
                quote=one.quote,
                locator=one.place,
            )

    def periods(self) -> list[Period]:
        return [self._calendar.period(column) for column in dict.fromkeys(key[3] for key in self._chosen)]


def _doubtful(one: Candidate, best: Candidate) -> bool:
    """Whether a rival of the statement's figure is worth a look: another table's of the same name, or that of continuing operations."""
    alike = not one.statement and one.rank <= best.rank
    return (alike or "continuing" in one.quote.lower()) and not agree(one, best)


def _shown(one: Candidate) -> str:
    return f"'{one.quote}' ({one.place})"
