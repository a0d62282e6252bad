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

    /**
     * Hands the open stream over to a channel, or to several: \RoadRunner\Channel::publish() feeds it from now on, until
     * the client goes or the server ends. This object is over, and the worker is free.
     *
     * @param string|list<string> $channel
     * @param string|null $lastEventId the request's `last-event-id`: what was published behind it is sent first, as far as
     *                                 `http.sse.history` keeps it
     *
     * @return bool false when the client has gone, when the stream has ended, and when the server ends
     *
     * @throws \ValueError for a name that is empty or longer than 255 bytes, or none
     * @throws \RoadRunner\Exception\LogicException when the request is over
     */
    public function detach(string|array $channel, ?string $lastEventId = null): bool {}

    /** Returns whether more can be sent: it has not ended, and the client is still there. */
    public function isOpen(): bool {}

    /** Ends the stream. The client will come again, unless it is told not to by an event of the application's. */
    public function end(): void {}
}
