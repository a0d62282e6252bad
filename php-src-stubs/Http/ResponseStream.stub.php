<?php

namespace RoadRunner\Http;

/**
 * The body of an answer, sent piece by piece: what Request::startResponse() returns.
 *
 * It ends with end(), or when its worker waits for the next request. If the script ends before, the client sees that its
 * answer is cut off.
 *
 * @strict-properties
 * @not-serializable
 */
final class ResponseStream
{
    private function __construct() {}

    /**
     * Sends a piece. Waits while 256 KiB or more are under way to the client, but not longer than
     * `http.limits.write_timeout` without progress.
     *
     * @return bool false when the client has gone, or has read nothing for that long
     *
     * @throws \RoadRunner\Exception\LogicException after end(), and when the request is over
     */
    public function write(string $data): bool {}

    /**
     * Sends a piece if that needs no wait.
     *
     * @return bool false when there is no room now, or the client has gone: isOpen() tells
     *
     * @throws \RoadRunner\Exception\LogicException after end(), and when the request is over
     */
    public function tryWrite(string $data): bool {}

    /**
     * Hands the open answer over to a channel, or to several: \RoadRunner\Channel::publish() feeds it from now on, until
     * the client goes or the server ends. This object is over, and the worker is free.
     *
     * @param string|list<string> $channel
     *
     * @return bool false when the client has gone, when the answer has ended, and when the server ends
     *
     * @throws \ValueError for a name that is empty or longer than 255 bytes, or none
     * @throws \RoadRunner\Exception\LogicException when the request is over
     */
    public function detach(string|array $channel): bool {}

    /** Returns whether more can be sent: it has not ended, and the client is still there. */
    public function isOpen(): bool {}

    /**
     * Ends the body, with trailer fields behind it (RFC 9110 section 6.5). Over HTTP/1.1 the client gets those that the
     * answer announced in its header `trailer`, if its request said `te: trailers`.
     *
     * @param array<string, string|int|list<string|int>> $trailers
     *
     * @return bool false when the client has gone, or when it has ended before
     *
     * @throws \ValueError for a name or value that HTTP does not allow
     */
    public function end(array $trailers = []): bool {}
}
