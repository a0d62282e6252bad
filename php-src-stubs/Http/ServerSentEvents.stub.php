<?php

namespace RoadRunner\Http;

/**
 * A stream of events (`text/event-stream`): what Request::startEvents() returns.
 *
 * @strict-properties
 * @not-serializable
 */
final class ServerSentEvents
{
    private function __construct() {}

    /**
     * Sends an event.
     *
     * @param mixed $data string or Stringable: its text; anything else that respond() takes: its JSON
     * @param string|null $event its type; null: "message"
     * @param string|null $id what the client sends as `last-event-id` when it comes again
     * @param int|null $retry milliseconds after which the client is to come again when the connection is lost
     *
     * @return bool false when the client has gone
     *
     * @throws \ValueError for a line break or NUL in $event or $id, or a negative $retry
     * @throws \RoadRunner\Exception\LogicException after end(), and when the request is over
     */
    public function send(mixed $data, ?string $event = null, ?string $id = null, ?int $retry = null): bool {}

    /**
     * Sends a comment, which clients ignore: it keeps connections alive, and shows whether the client is still there.
     *
     * @return bool false when the client has gone
     *
     * @throws \RoadRunner\Exception\LogicException after end(), and when the request is over
     */
    public function comment(string $text = ''): bool {}

    /** Returns whether more can be sent: it has not ended, and the client is still there. */
    public function isOpen(): bool {}

    /** Ends the stream. The client will come again, unless it is told not to by an event of the application's. */
    public function end(): void {}
}
