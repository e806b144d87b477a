"""F24, F25: events made to break or blow up whoever flattens them."""

import json

from torture.events import Event
from torture.load import Sender
from torture.registry import scenario

FLUSHES = ["--flush-rows", 1000, "--flush-interval", "1s"]


def poisons():
    """Bodies that once broke somebody's parser."""
    id = '"id":"ID","type":"identity.session.finalized","created":1771200000000'
    session = '"sid":"ID","tenant":"t","createdAt":1771200000000'
    tiny = ",".join('{"signal":"pageview","url":"u","ts":1}' for _ in range(10_000))
    yield "deep lists", "[" * 100_000
    yield "deep closed lists", "[" * 100_000 + "]" * 100_000
    yield "deep objects", '{"a":' * 50_000 + "1" + "}" * 50_000
    yield "deep inside", f'{{{id},"data":{{"session":{{{session},"x":{"[" * 5000}{"]" * 5000}}}}}}}'
    yield "deep in props", (
        f'{{{id},"data":{{"session":{{{session},"events":'
        f'[{{"signal":"pageview","url":"u","ts":1,"props":{"[" * 5000}{"]" * 5000}}}]}}}}}}'
    )
    keys = ",".join(f'"k{n}":{n}' for n in range(10_000))
    yield "many keys", f'{{{id},{keys},"data":{{"session":{{{session},{keys}}}}}}}'
    yield "huge number", f'{{{id},"data":{{"session":{{{session},"endedAt":1e999}}}}}}'
    yield "long number", f'{{{id},"data":{{"session":{{{session},"endedAt":{"9" * 5000}}}}}}}'
    yield "not a number", f'{{{id},"data":{{"session":{{{session},"endedAt":NaN}}}}}}'
    yield "far time", '{"id":"ID","type":"identity.session.finalized","created":9e18,"data":{}}'
    yield "far day", f'{{{id},"data":{{"session":{{"sid":"ID","createdAt":253402300799999}}}}}}'
    yield "past day", f'{{{id},"data":{{"session":{{"sid":"ID","createdAt":-99999999999999}}}}}}'
    yield "lone surrogate", f'{{{id},"data":{{"session":{{{session},"referrer":"\\ud800"}}}}}}'
    yield "nul", f'{{{id},"data":{{"session":{{{session},"referrer":"a\\u0000b"}}}}}}'
    yield "twice the same key", f'{{{id},{id},"data":{{"session":{{{session},{session}}}}}}}'
    yield "tiny objects", f'{{{id},"data":{{"session":{{{session},"events":[{tiny}]}}}}}}'
    yield "tiny companies", (
        f'{{{id},"data":{{"session":{{{session}}},"enrichment":{{"companies":'
        f"[{','.join(['{}'] * 10_000)}]}}}}}}"
    )
    yield "long text", f'{{{id},"data":{{"session":{{{session},"referrer":"{"x" * 2_000_000}"}}}}}}'
    yield "path as tenant", f'{{{id},"data":{{"session":{{"sid":"ID","tenant":"../../../x"}}}}}}'
    yield "wrong types", f'{{{id},"data":{{"session":[],"enrichment":"x"}}}}'
    yield "data is null", f'{{{id},"data":null}}'
    yield "nothing", ""
    yield "only space", " \n\t "
    yield "null", "null"


def poisoned_events(prefix):
    """The poisons as events; ids in them are their own."""
    for number, (name, text) in enumerate(poisons()):
        id = f"{prefix}_{number}"
        body = text.replace("ID", id).encode()
        yield name, Event(id, body, is_session=False)
    yield "bytes", Event(f"{prefix}_bytes", bytes(range(256)) * 20, is_session=False)
    mixed = json.dumps({"id": f"{prefix}_cut"}).encode()[:-3] + b"\xf0\x9f"
    yield "cut letter", Event(f"{prefix}_cut", mixed, is_session=False)


@scenario("F24-F25", "poison events and exploding schemas", goal=12, is_quick=True)
def poison(world):
    """Each is answered 200 and kept byte for byte; others are flushed beside it; restarts work."""
    serve = world.serve(*FLUSHES)
    serve.start()
    sender = Sender(lambda: serve.address, world.ledger)
    events = list(poisoned_events(f"poison_{world.random.randrange(1 << 30)}"))
    world.random.shuffle(events)
    for name, event in events:
        status = sender.send(event)
        world.expect(status == 200, f"{name}: answered {status}")
        sender.send(world.maker.event())
        world.rounds += 1
    if world.random.random() < 0.5:
        serve.kill()
        world.check_at_rest(world.disk(serve))
        serve.start()
    world.expect(serve.wait_drained(60), "not drained")
    world.expect(serve.is_running(), "the process ended")
    # What restarts would loop if a poison killed the flush.
    serve.kill()
    serve.start()
    world.expect(serve.wait_drained(60), "not drained after a restart")
    world.stop_and_check(serve)
