"""The event exchange: one topic, and for each room a queue with its dead letters."""

from typing import Any
from urllib.parse import urlsplit

from kombu import Exchange, Queue

EVENTS = Exchange("trackloop.events", type="topic", durable=True)
DEAD_EVENTS = Exchange("trackloop.events.dead", type="topic", durable=True)
CONTENT_TYPE = "application/cloudevents+json"
_DELIVERIES = 5


def room_queue_name(room: str) -> str:
    """Where a room's events arrive."""
    return f"trackloop.{room}"


def room_queue(room: str, topic: str, broker_url: str) -> Queue:
    """The room's queue, bound to one kind of event; bindings add up."""
    name = room_queue_name(room)
    arguments: dict[str, Any] | None = None
    if urlsplit(broker_url).scheme != "memory":
        arguments = {
            "x-queue-type": "quorum",
            "x-delivery-limit": _DELIVERIES,
            "x-dead-letter-exchange": DEAD_EVENTS.name,
            "x-dead-letter-routing-key": name,
        }
    return Queue(name, EVENTS, routing_key=topic, durable=True, queue_arguments=arguments)


def dead_queue(room: str) -> Queue:
    """Where events end that the room could not read or react to."""
    name = room_queue_name(room)
    return Queue(f"{name}.dead", DEAD_EVENTS, routing_key=name, durable=True)
