<?php

namespace RoadRunner;

/**
 * Names under which answers that were detached are fed, see Http\ServerSentEvents::detach() and
 * Http\ResponseStream::detach(): from any worker, while it has another request or none.
 *
 * A name has 1 to 255 bytes. A channel is there as long as somebody listens to it.
 *
 * @strict-properties
 * @not-serializable
 */
final class Channel
{
    private function __construct() {}

    /**
     * Sends to everyone who listens to a channel, and does not wait for them: who has fallen behind by 256 KiB is broken off.
     * Streams of events get an event, as by Http\ServerSentEvents::send(), other answers the text of $data.
     *
     * @param string|list<string> $channel a name, or several: who listens to more than one of them gets it once
     * @param mixed $data string or Stringable: its text; anything else that respond() takes: its JSON
     * @param string|null $event its type; null: "message"
     * @param string|null $id what a client sends as `last-event-id` when it comes again
     * @param int|null $retry milliseconds after which a client is to come again when the connection is lost
     *
     * @return int how many these are
     *
     * @throws \ValueError for a name that is empty or too long, a line break or NUL in $event or $id, or a negative $retry
     * @throws \JsonException for data that cannot be encoded
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function publish(string|array $channel, mixed $data, ?string $event = null, ?string $id = null, ?int $retry = null): int {}

    /**
     * Returns how many listen to a channel.
     *
     * @throws \ValueError for a name that is empty or too long
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function count(string $channel): int {}

    /**
     * Ends the answers of everyone who listens to a channel, behind what was published. Browsers come again for streams of
     * events, unless their page has closed them.
     *
     * @return int how many these were
     *
     * @throws \ValueError for a name that is empty or too long
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function close(string $channel): int {}
}
