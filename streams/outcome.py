"""From a decision to the records of its outcome: facts and the refusal sealed into the tenant's chain, messages.

Every record of an outcome names its cause's position, its place in the outcome and how many there are, so that
a reader knows that it has all of it (settled.md 1). Facts of ``system`` that every partition needs are copied
to each partition of the catalogue in the same transaction.
"""

from schemas.catalogue import Entry as SchemaEntry
from schemas.catalogue import catalogue
from schemas.codec import encode_envelope, seal
from schemas.ids import SYSTEM
from schemas.messages.envelope import Envelope
from schemas.messages.runtime.facts import CommandRejected
from schemas.messages.runtime.messages import CommandRepeated
from streams.envelopes import Place, Refusal, derived_id, payload_of, position_id, unsequenced
from streams.head import Head
from streams.layout import OUTBOUND, Layout
from streams.records import OutputRecord
from streams.wiring import Cause, Outbound, Recorded
from topics import naming
from topics.headers import headers_of


class OutcomeWriter:
    """Seals outcomes of one partition and collects the records to produce."""

    def __init__(self, layout: Layout, partition: int) -> None:
        self._layout = layout
        self._partition = partition
        self.outputs: list[OutputRecord] = []

    def outcome(
        self,
        cause: Cause,
        head: Head,
        catalogue_position: int,
        *,
        recorded: list[Recorded],
        sent: list[Outbound],
        refusal: Refusal | None,
    ) -> int:
        """Seal the facts, then the refusal; advance the head; give the first sequence, 0 if there was no record.

        Raises TooLargeOutcomeError before anything has changed.
        """
        first = head.sequence + 1
        payloads = [payload_of(each.fact) for each in recorded]
        place = Place(cause, len(recorded) + (refusal is not None), catalogue_position)
        last = payload_of(refusal.record) if refusal is not None else None
        messages = self._messages(cause, sent)
        for ordinal, each in enumerate(recorded):
            envelope, context = place.fact(each, ordinal, head, payloads[ordinal])
            self._seal(envelope, context, each.schema, head)
        if refusal is not None and last is not None:
            envelope = place.refusal(refusal.event_id, head, last)
            self._seal(envelope, "rejections", catalogue().by_type[CommandRejected], head)
        self.outputs.extend(messages)
        return first if place.count else 0

    def _seal(self, envelope: Envelope, context: str, schema: SchemaEntry, head: Head) -> None:
        value, digest = seal(envelope, head.hash)
        head.advance(envelope, context, digest)
        topic = naming.fact_topic(schema.context, schema.name)
        key, headers = envelope.tenant_id.encode(), headers_of(envelope)
        self.outputs.append(OutputRecord(topic, self._partition, key, value, headers))
        if envelope.tenant_id == SYSTEM and self._layout.admits(naming.CATALOGUE, schema.name):
            self.outputs.extend(
                OutputRecord(naming.CATALOGUE, partition, key, value, headers)
                for partition in range(self._layout.partitions)
            )

    def _messages(self, cause: Cause, sent: list[Outbound]) -> list[OutputRecord]:
        """Give what is sent out: no fact, so without a sequence; placed by its own key."""
        outputs = []
        for ordinal, outbound in enumerate(sent):
            schema = catalogue().by_type[type(outbound.message)]
            event_id = derived_id(cause.tenant_id, "message", cause.message_id, ordinal)
            envelope = unsequenced(cause, event_id, outbound.message, outbound.scope)
            value, headers = encode_envelope(envelope), headers_of(envelope)
            key = outbound.key.encode()
            outputs.append(OutputRecord(OUTBOUND[schema.context], -1, key, value, headers))
        return outputs

    def repeated(self, cause: Cause, first_sequence: int) -> None:
        """Add the answer to a command that came again."""
        message = CommandRepeated(
            command_id=cause.message_id,
            command_type=cause.message_type,
            first_sequence=first_sequence,
        )
        envelope = unsequenced(cause, position_id(cause, "repeated"), message, cause.scope)
        key = cause.tenant_id.encode()
        self.outputs.append(
            OutputRecord(
                naming.REJECTIONS,
                self._partition,
                key,
                encode_envelope(envelope),
                headers_of(envelope),
            )
        )
