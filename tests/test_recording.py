"""Cases recorded from real HTTP and replayed without it: nothing half done is kept, nothing current is asked for again, and what is checked
is found. The model is scripted; it marks its answers as servers do."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pipeline.config import Settings, load_settings
from pipeline.drafters.choose import choose_drafter
from pipeline.errors import AfterprintError, CassetteMiss, CassetteUnplayed, InputError
from pipeline.facts.factbase import FactBase
from pipeline.facts.loading import load_sheet
from pipeline.llm.cassettes.file import Cassette, Interaction, RecordedResponse, read_cassette, text_of, write_cassette
from pipeline.notes.models import StepName
from pipeline.notes.render import render_json
from pipeline.recording.check import check_cassette
from pipeline.recording.kinds import CHAIN, case_folders
from pipeline.recording.private import hidden, secrets_in
from pipeline.recording.record import Endpoint, Outcome, patient, record_case, record_cases
from pipeline.recording.replay import replay_case
from tests.conftest import CASES
from tests.scripted_model import Change, ScriptedModel
from tests.scripted_server import Reply, ScriptedServer, failure

KC, KO = "kc-2026q1", "ko-2025q2"
KEY = "test-key-0123456789"
Plan = dict[StepName, Sequence[Change | Reply | None]]


def completion(text: str, **more: Any) -> dict[str, Any]:
    """A chat completion as a server makes it."""
    tokens = len(text) // 4 + 1
    return {
        "id": "chatcmpl-a1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": "scripted",
        "system_fingerprint": "b1-0",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": 100 + tokens},
    } | more


def marked(reply: Reply | str, delay_s: float = 0.01) -> Reply:
    """A scripted answer with the marks that a server leaves, after a pause that can be measured."""
    if isinstance(reply, Reply):
        return reply
    return Reply(body=json.dumps(completion(reply), ensure_ascii=False), headers={"Server": "scripted"}, delay_s=delay_s)


def answers(*cases: str, plan: Plan | None = None, delay_s: float = 0.01, break_case: str = "") -> Callable[[Any], Reply]:
    """Answers to the requests of these cases; those of `break_case` fail."""
    models = {}
    for case in cases:
        sheet = load_sheet(CASES / case / "facts.json", max_bytes=10_000_000)
        models[sheet.company.name] = (case, ScriptedModel(FactBase.of(sheet), plan))

    def answer(request: Any) -> Reply:
        if request is None:
            return Reply(body='{"data": [{"id": "scripted"}]}')
        opening = request["messages"][1]["content"]
        case, model = next(found for name, found in models.items() if name in opening)
        return failure(500, "scripted breakdown") if case == break_case else marked(model(request), delay_s)

    return answer


@contextmanager
def serving(*cases: str, plan: Plan | None = None, delay_s: float = 0.01, break_case: str = "") -> Iterator[ScriptedServer]:
    """A server with these `answers`."""
    with ScriptedServer(answers(*cases, plan=plan, delay_s=delay_s, break_case=break_case)) as server:
        yield server


def case_in(folder: Path, case: str = KC) -> Path:
    """A copy of a case, with its facts alone."""
    (folder / case).mkdir(parents=True)
    shutil.copy(CASES / case / "facts.json", folder / case)
    return folder / case


def settings_for(server: ScriptedServer, **more: Any) -> Settings:
    return load_settings(base_url=server.base_url, model="scripted", max_attempts=3, max_wait_s=0.01, **more)


def recorded(
    folders: Sequence[Path], server: ScriptedServer, *, most_facts: int = 160, at_once: int = 1, fresh: bool = False, **more: Any
) -> list[Outcome]:
    endpoint = Endpoint(server.base_url, KEY, "scripted")
    return asyncio.run(record_cases(folders, endpoint, settings_for(server, **more), most_facts, at_once=at_once, fresh=fresh))


@pytest.fixture(scope="module")
def kc_recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first case, recorded with one repair. Not to be changed."""
    folder = case_in(tmp_path_factory.mktemp("recorded"))
    with serving(KC, plan={"summarize": [spoiled, None]}) as server:
        (outcome,) = recorded([folder], server)
    assert outcome.status == "recorded", outcome.error
    return folder


@pytest.fixture
def kc_case(kc_recorded: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(kc_recorded, tmp_path / "cases" / KC))


def spoiled(answer: dict[str, Any]) -> None:
    answer["claims"][1]["text"] = "Revenue grew 73.9% y/y to CNY 2,703.7m."


# -- recording and replaying ---------------------------------------------------------------------------------------------


def test_a_recorded_case_is_replayed_repair_included(kc_recorded: Path) -> None:
    one, two = (replay_case(kc_recorded) for _ in range(2))
    assert render_json(one.note) == render_json(two.note)
    assert one.record == two.record
    assert [len(step.turns) for step in one.record.steps] == [2, 1, 1, 1]
    assert one.note.status == "draft"
    assert (one.note.manifest.drafter, one.note.manifest.model) == ("openai", "scripted")
    assert one.record.started == read_cassette(kc_recorded / CHAIN.file).recorded.recorded_at


def test_the_file_holds_what_a_replay_and_a_reader_need(kc_recorded: Path) -> None:
    known = read_cassette(kc_recorded / CHAIN.file).recorded
    assert (known.case, known.drafter, known.model, known.server) == (KC, "openai", "scripted", "scripted b1-0")
    assert known.manner is not None
    assert (known.manner.most_facts, known.manner.temperature, known.manner.seed, known.manner.max_attempts) == (160, 0.0, 7, 3)
    assert {prompt.name for prompt in known.prompts} >= {"system", "facts", "repair"}
    assert {schema.name for schema in known.schemas} == {"summary", "second-order-effects", "consensus-gap", "catalysts"}
    assert known.sheet_digest == FactBase.of(load_sheet(kc_recorded / "facts.json", max_bytes=10_000_000)).digest


def test_the_environment_does_not_reach_a_replay(kc_recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = replay_case(kc_recorded)
    for name, value in {"TEMPERATURE": "1", "SEED": "99", "MAX_ANSWER_TOKENS": "99", "PROMPT_FACTS": "3", "MODEL": "other"}.items():
        monkeypatch.setenv(f"AFTERPRINT_{name}", value)
    assert replay_case(kc_recorded).note == before.note


def test_failures_of_the_server_are_part_of_a_recording_and_replays_do_not_wait(tmp_path: Path) -> None:
    folder = case_in(tmp_path)
    busy = failure(429, headers={"Retry-After": "0.01", "Server": "scripted"})
    with serving(KC, plan={"summarize": [busy, None]}) as server:
        (outcome,) = recorded([folder], server)
    assert outcome.error is None
    assert outcome.interactions == 5
    begun = time.monotonic()
    first = replay_case(folder).record.steps[0].turns[0]
    assert [attempt.outcome for attempt in first.attempts] == ["RateLimited", "ok"]
    assert time.monotonic() - begun < 5
    assert check_cassette(folder / CHAIN.file) == []


def test_the_key_is_never_kept_even_where_the_server_repeats_it(tmp_path: Path) -> None:
    folder = case_in(tmp_path)
    with serving(KC, plan={"catalysts": [failure(503, f"try later, {KEY}", headers={"X-Request-Id": KEY}), None]}) as server:
        (outcome,) = recorded([folder], server)
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert outcome.status == "recorded"
    text = outcome.file.read_text()
    assert KEY not in text
    assert "authorization" not in text
    assert "[key]" in text


def test_a_recording_with_a_secret_is_not_written(tmp_path: Path) -> None:
    folder = case_in(tmp_path)
    leak = failure(503, "see /home/jane/models/log", headers={"Server": "scripted"})
    with serving(KC, plan={"catalysts": [leak, None]}) as server:
        (outcome,) = recorded([folder], server)
    assert outcome.status == "failed"
    assert "not written: interaction" in str(outcome.error)
    assert "a path on somebody's machine" in str(outcome.error)
    assert [path.name for path in folder.iterdir()] == ["facts.json"]


def test_few_figures_where_that_is_asked_for(tmp_path: Path) -> None:
    few, many = case_in(tmp_path / "few"), case_in(tmp_path / "many")
    with serving(KC) as server:
        recorded([few], server, most_facts=30)
        recorded([many], server, most_facts=160)
        lengths = [
            len(request.body) for request in server.requests if request.json["response_format"]["json_schema"]["name"] == "summarize"
        ]
    assert lengths[0] < lengths[-1]
    assert replay_case(few).record.sheet_digest == replay_case(many).record.sheet_digest


def test_prompt_facts_reach_a_drafter() -> None:
    def most_facts(**settings: Any) -> int | None:
        return asyncio.run(choose_drafter("openai", load_settings(base_url="http://127.0.0.1:1/v1", model="m", **settings)))[0].most_facts

    assert most_facts() == 160
    assert most_facts(prompt_facts=20) == 20


# -- unattended and resumable --------------------------------------------------------------------------------------------


def test_what_is_current_is_not_asked_for_again(kc_case: Path) -> None:
    before = (kc_case / CHAIN.file).read_bytes()
    with serving(KC) as server:
        (outcome,) = recorded([kc_case], server)
        assert server.requests == []
    assert outcome.status == "current"
    assert outcome.interactions == 5
    assert (kc_case / CHAIN.file).read_bytes() == before


def change_sheet(folder: Path) -> None:
    sheet = json.loads((folder / "facts.json").read_text())
    sheet["facts"][0]["value"] = float(sheet["facts"][0]["value"]) + 1
    (folder / "facts.json").write_text(json.dumps(sheet))


def rewrite(path: Path, change: Callable[[Cassette], Cassette]) -> None:
    write_cassette(path, change(read_cassette(path)))


def other_prompt(cassette: Cassette) -> Cassette:
    known = cassette.recorded
    changed = (known.prompts[0].model_copy(update={"digest": "0" * 64}), *known.prompts[1:])
    return cassette.model_copy(update={"recorded": known.model_copy(update={"prompts": changed})})


def other_schema(cassette: Cassette) -> Cassette:
    known = cassette.recorded
    changed = (known.schemas[0].model_copy(update={"digest": "0" * 64}), *known.schemas[1:])
    return cassette.model_copy(update={"recorded": known.model_copy(update={"schemas": changed})})


def one_less(cassette: Cassette) -> Cassette:
    return cassette.model_copy(update={"interactions": cassette.interactions[:-1]})


def one_more(cassette: Cassette) -> Cassette:
    return cassette.model_copy(update={"interactions": (*cassette.interactions, cassette.interactions[0])})


def answering(number: int, change: Callable[[dict[str, Any]], object], *, honest: bool = False) -> Callable[[Cassette], Cassette]:
    """Changes the JSON of an answer; an `honest` change brings its digest along."""

    def changed(cassette: Cassette) -> Cassette:
        interactions = list(cassette.interactions)
        one = interactions[number]
        body = json.loads(json.dumps(one.response.parsed_body))
        change(body)
        interactions[number] = answered(one, one.response.model_copy(update={"parsed_body": body}), honest)
        return cassette.model_copy(update={"interactions": tuple(interactions)})

    return changed


def answered(one: Interaction, response: RecordedResponse, honest: bool) -> Interaction:
    taken = one.recorded.model_copy(update={"answer_sha256": response.digest}) if honest else one.recorded
    return one.model_copy(update={"response": response, "recorded": taken})


def other_words(body: dict[str, Any]) -> None:
    message = body["choices"][0]["message"]
    assert "Revenue" in message["content"]
    message["content"] = message["content"].replace("Revenue", "Turnover")


def other_number(body: dict[str, Any]) -> None:
    message = body["choices"][0]["message"]
    assert "12.8%" in message["content"]
    message["content"] = message["content"].replace("12.8%", "12.9%")


@pytest.mark.parametrize("change", [other_prompt, other_schema, one_less, one_more, answering(0, other_words)])
def test_what_is_not_current_is_recorded_again(kc_case: Path, change: Callable[[Cassette], Cassette]) -> None:
    rewrite(kc_case / CHAIN.file, change)
    with serving(KC) as server:
        (outcome,) = recorded([kc_case], server)
    assert outcome.status == "recorded"
    assert check_cassette(kc_case / CHAIN.file) == []


def test_a_changed_sheet_is_recorded_again(kc_case: Path) -> None:
    with serving(KC) as server:
        sheet = json.loads((kc_case / "facts.json").read_text())
        sheet["statements"] = sheet["statements"][:-1]
        (kc_case / "facts.json").write_text(json.dumps(sheet))
        (outcome,) = recorded([kc_case], server)
    assert outcome.status == "recorded"


@pytest.mark.parametrize("more", [{"seed": 8}, {"temperature": 0.5}, {"most_facts": 61}, {"fresh": True}])
def test_other_settings_are_recorded_again(kc_case: Path, more: dict[str, Any]) -> None:
    with serving(KC) as server:
        (outcome,) = recorded([kc_case], server, **more)
    assert outcome.status == "recorded"


def test_a_killed_recording_leaves_whole_cassettes_and_goes_on(tmp_path: Path) -> None:
    folders = [case_in(tmp_path, KC), case_in(tmp_path, KO)]

    async def killed(server: ScriptedServer) -> None:
        def on_case(case: str, step: StepName | None, doing: str) -> None:
            if case == KO and doing == "accepted":
                task.cancel()

        endpoint = Endpoint(server.base_url, KEY, "scripted")
        task = asyncio.create_task(record_cases(folders, endpoint, settings_for(server), 160, on_case=on_case))
        with pytest.raises(asyncio.CancelledError):
            await task

    with serving(KC, KO) as server:
        asyncio.run(killed(server))
        assert sorted(path.name for folder in folders for path in folder.iterdir()) == ["cassette.yaml", "facts.json", "facts.json"]
        asked = len(server.requests)
        outcomes = recorded(folders, server)
        assert [outcome.status for outcome in outcomes] == ["current", "recorded"]
        names = [request.json["messages"][1]["content"][:200] for request in server.requests[asked:]]
    assert names
    assert all("Coca-Cola" in name for name in names)


def test_one_case_that_fails_does_not_stop_the_others_and_keeps_its_old_cassette(kc_case: Path, tmp_path: Path) -> None:
    ko = case_in(tmp_path / "cases", KO)
    before = (kc_case / CHAIN.file).read_bytes()
    with serving(KC, KO, break_case=KC) as server:
        failed, done = recorded([kc_case, ko], server, fresh=True)
    assert (failed.status, done.status) == ("failed", "recorded")
    assert failed.error is not None
    assert failed.error.exit_code == 3
    assert "scripted breakdown" in str(failed.error)
    assert (kc_case / CHAIN.file).read_bytes() == before


def test_cases_are_recorded_side_by_side(tmp_path: Path) -> None:
    folders = [case_in(tmp_path, KC), case_in(tmp_path, KO)]
    with serving(KC, KO, delay_s=0.5) as server:
        outcomes = recorded(folders, server, at_once=2)
        first, second = (request.json["messages"][1]["content"] for request in server.requests[:2])
        assert first != second, "the second case began before the first had its answer"
    assert [outcome.status for outcome in outcomes] == ["recorded", "recorded"]
    assert [replay_case(folder).note.manifest.sheet_digest for folder in folders] == [
        read_cassette(folder / CHAIN.file).recorded.sheet_digest for folder in folders
    ]


def test_a_recording_that_does_not_replay_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def another(*_: object) -> Any:
        raise CassetteMiss("cassette.yaml holds no answer to this request")

    monkeypatch.setattr("pipeline.recording.record.replay", another)
    folder = case_in(tmp_path)
    with serving(KC) as server, pytest.raises(AfterprintError, match="holds no answer"):
        asyncio.run(record_case(folder, Endpoint(server.base_url, KEY, "scripted"), settings_for(server), 160))
    assert not (folder / CHAIN.file).exists()


def test_a_slow_server_on_this_machine_gets_its_time() -> None:
    assert patient(load_settings(), "http://127.0.0.1:8080/v1").timeout_s == 3_600
    assert patient(load_settings(), "https://api.example.com/v1").timeout_s == 120
    assert patient(load_settings(timeout_s=9), "http://127.0.0.1:8080/v1").timeout_s == 9


# -- what a replay refuses -----------------------------------------------------------------------------------------------


def test_a_replay_that_misses_something_says_so(kc_case: Path) -> None:
    rewrite(kc_case / CHAIN.file, one_less)
    with pytest.raises(CassetteMiss, match="holds no answer"):
        replay_case(kc_case)


def test_a_replay_that_leaves_something_says_so(kc_case: Path) -> None:
    rewrite(kc_case / CHAIN.file, one_more)
    with pytest.raises(CassetteUnplayed, match="interaction 6"):
        replay_case(kc_case)


def test_a_cassette_without_settings_cannot_be_replayed(kc_case: Path) -> None:
    rewrite(kc_case / CHAIN.file, lambda c: c.model_copy(update={"recorded": c.recorded.model_copy(update={"manner": None})}))
    with pytest.raises(InputError, match=r"recorded\.manner: missing"):
        replay_case(kc_case)


# -- which cases ---------------------------------------------------------------------------------------------------------


def test_a_case_is_a_folder_a_folder_of_them_or_a_cassette(kc_case: Path, tmp_path: Path) -> None:
    ko = case_in(tmp_path / "cases", KO)
    assert case_folders([tmp_path / "cases"]) == [kc_case, ko]
    assert case_folders([ko, kc_case / "cassette.yaml", kc_case]) == [ko, kc_case]
    for wrong, what in (
        (tmp_path / "nowhere", "no such file or folder"),
        (tmp_path, "expected a case"),
        (kc_case / "facts.json", "expected"),
    ):
        with pytest.raises(InputError, match=what):
            case_folders([wrong])


# -- secrets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Incorrect API key provided: sk-proj-abcdefghijkl0123456789.", "an API key"),
        ("hf_ABCDEFGHIJKLMNOPQRSTUVWX", "an API key"),
        ("ghp_abcdefghijklmnopqrstuvwxyz012345", "an access token"),
        ("AKIAIOSFODNN7EXAMPLE", "a cloud key"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.sflKxwRJSMeKKF2QT4", "a signed token"),
        ("Authorization: Bearer abcdef0123456789", "a bearer token"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZDE=", "a bearer token"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ('{"api_key": "0123456789abcdef"}', "a secret by its name"),
        ("password=correct-horse-9", "a secret by its name"),
        ("postgres://admin:letmein@db/x", "a URL with a password"),
        ("https://api.example.com/v1?key=abcdefgh1", "a URL with a key"),
        ("http://10.1.2.3:8000/v1", "an address in a private network"),
        ("http://localhost:8080/v1/models", "an address in a private network"),
        ("https://llm.prod.internal/v1", "an address in a private network"),
        ("http://gpu-box:8000", "an address in a private network"),
        ("/home/jane/models/q.gguf", "a path on somebody's machine"),
        ("cannot open /Users/jane/x", "a path on somebody's machine"),
        (r"C:\Users\jane\x.gguf", "a path on somebody's machine"),
    ],
)
def test_a_secret_is_found_and_not_repeated(kc_recorded: Path, text: str, what: str) -> None:
    cassette = answering(1, lambda body: body.update(note=text))(read_cassette(kc_recorded / CHAIN.file))
    (found,) = secrets_in(cassette, text_of(cassette))
    assert found.startswith(f"interaction 2, response.body.note: {what} (")
    assert text not in found


@pytest.mark.parametrize(
    "text",
    [
        "Basic EPS 2023-adjusted $1.45, diluted $1.44",
        "Risk-on; task-force of 12345678901234567890",
        "https://www.sec.gov/Archives/edgar/data/0000320193/q.htm?type=10-Q",
        "max_tokens=2000, token counts 1234567890",
        "the home/office segment; /v1/chat/completions",
        "https://ir.coca-colacompany.com/home",
        "10.1.2.3",
    ],
)
def test_what_is_no_secret_is_left_alone(kc_recorded: Path, text: str) -> None:
    cassette = answering(1, lambda body: body.update(note=text))(read_cassette(kc_recorded / CHAIN.file))
    assert list(secrets_in(cassette, text_of(cassette))) == []


def test_a_known_key_is_found_whatever_it_looks_like(kc_recorded: Path) -> None:
    cassette = answering(1, lambda body: body.update(note="plainwords"))(read_cassette(kc_recorded / CHAIN.file))
    assert list(secrets_in(cassette, text_of(cassette), ["plainwords", ""])) == ["interaction 2, response.body.note: the API key itself"]


def test_comments_are_looked_at(kc_recorded: Path) -> None:
    text = "# sk-abcdefghijklmnop0123\n" + (kc_recorded / CHAIN.file).read_text()
    assert list(secrets_in(read_cassette(kc_recorded / CHAIN.file), text)) == ["line 1: an API key (sk-a…)"]


def test_only_hosts_that_say_nothing_are_kept() -> None:
    assert hidden("http://127.0.0.1/v1/chat/completions") == "http://127.0.0.1/v1/chat/completions"
    assert hidden("https://api.openai.com/v1/chat/completions") == "https://api.openai.com/v1/chat/completions"
    assert hidden("https://gpu.acme.example/v1/chat/completions") == "https://server.invalid/v1/chat/completions"


def test_answers_to_requests_that_are_the_same_are_kept_with_their_own_time(kc_case: Path) -> None:
    """As after a change to the last step: only that is asked again."""
    path = kc_case / CHAIN.file
    before = read_cassette(path)
    write_cassette(path, before.model_copy(update={"interactions": before.interactions[:-1]}))
    with serving(KC) as server:
        (outcome,) = recorded([kc_case], server)
        assert len(server.requests) == 1
    assert (outcome.status, outcome.interactions) == ("recorded", len(before.interactions))
    after = read_cassette(path)
    assert after.interactions[:-1] == before.interactions[:-1]
    assert after.interactions[-1].recorded.at > before.interactions[-1].recorded.at
    assert not list(check_cassette(path))


def test_answers_that_were_edited_are_not_kept(kc_case: Path) -> None:
    path = kc_case / CHAIN.file
    path.write_text(path.read_text("utf-8").replace("37.2%", "38.2%", 1), "utf-8")
    with serving(KC) as server:
        (outcome,) = recorded([kc_case], server)
        assert len(server.requests) >= 4
    assert outcome.status == "recorded", outcome.error


def test_fresh_keeps_nothing(kc_case: Path) -> None:
    with serving(KC) as server:
        recorded([kc_case], server, fresh=True)
        assert len(server.requests) == 4
