"""Bounds and times of the engine: each with what it protects."""

from typing import Final

LEASE_MICROS: Final = 30_000_000
"""How long an assignment, a claim or a sign of life holds a task. Three missed heartbeats of ten seconds: shorter would
expire tasks over one pause of an agent's process, longer would keep a step waiting for a dead agent."""

EXPIRIES_MAX: Final = 3
"""Attempts that may expire before a person is asked: a fourth agent would most likely die of the same task."""

GRACE_MICROS: Final = 120_000_000
"""How long a reservation outlives its attempt: four leases, for the late result that says what was really spent. Longer
would keep a place of quota tasks.active from others; free editions have two."""

RETENTION_MICROS: Final = 7 * 86_400_000_000
"""How long an ended instance stays in state, so that late results and questions still find it; its facts stay."""

DOCUMENT_BYTES_MAX: Final = 200_000
"""Longest JSON document of an instance. An assignment with inputs of this size and its state record stay far below the
record limit of 1,000,000 bytes."""

DOCUMENT_DEPTH_MAX: Final = 64
"""Deepest nesting of a document. A JSON library gives up at a depth that follows from the stack it is called
on: what can be written must be readable everywhere, on a replay too."""

FACTS_MAX: Final = 5_000
"""Most facts of one instance in one decision: loops in loops that wait for nobody would otherwise fill a transaction
without end. Beginning 1,000 tasks at once takes 4,000, a loop of 1,000 turns with two steps of `set` 4,002: both stay
whole. A fact costs 0.04 ms to decide and about as much to seal, so the worst holds a partition for half a second."""

DOCUMENT_BYTES_AT_ONCE_MAX: Final = 16_000_000
"""Most bytes of documents that one instance records in one decision: 1,000 tasks begin at once with 16 KB of inputs
each. A loop that sets 90 KB in each of 1,000 turns made 180 MB in one transaction without it."""

ADMISSIONS_MAX: Final = 100
"""Most waiting steps that begin at one look at the queues, or that one look at a suspension lets go on: about 0.5 ms
each, so a twentieth of a second. A thousand held the partition's other tenants up for half a second. The others follow
by a timer (``deferral``)."""

RELEASED_FACTS_MAX: Final = 1_000
"""Facts after which a look at a suspension stops too: a step that goes on may have a burst of its own."""

CONTINUE_MICROS: Final = 1_000
"""How soon the next portion follows: the broker's clock counts milliseconds, and what came in meanwhile is decided
first, because a timer waits for it."""

MESSAGE_CHARACTERS_MAX: Final = 1_000
"""Longest sentence about a failure that is kept."""

INTENT_CHARACTERS_MAX: Final = 10_000
"""Longest intent of a task: it is for people and agents to read; data goes into the inputs."""

APPROVAL_MICROS: Final = 7 * 86_400_000_000
"""How long an approval that a policy asks for before an assignment stays open."""

WAITING_STEPS_MAX: Final = 10_000
"""Steps of a tenant that may wait for an agent or a quota before it starts nothing more: at 1,000 admissions a second
the last of them is ten seconds' work away once there is room, and its state stays some megabytes. What runs already may
still add to them, each instance as many as its loops and forks begin."""
