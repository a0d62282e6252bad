<?php

namespace RoadRunner\Http;

/**
 * An answer as a value, for Request::send() and Worker::send().
 *
 * @strict-properties
 * @not-serializable
 */
final class Response
{
    /** 200 to 599. */
    public readonly int $status;

    /** What respond() takes as a body. */
    public readonly mixed $body;

    /**
     * Headers: name => value or list of values.
     *
     * @var array<string, string|int|list<string|int>>
     */
    public readonly array $headers;

    /** Path of the file that is sent instead of a body; null if none is. */
    public readonly ?string $file;

    /**
     * @param mixed $body what respond() takes; looked at when the response is sent
     * @param array<string, string|int|list<string|int>> $headers looked at when the response is sent
     *
     * @throws \ValueError for a status that is not from 200 to 599
     */
    public function __construct(int $status = 200, mixed $body = '', array $headers = []) {}

    /**
     * Makes an answer of any value's JSON, encoded now, with `content-type: application/json` unless $headers have one.
     *
     * @param array<string, string|int|list<string|int>> $headers
     *
     * @throws \JsonException for a value that cannot be encoded
     * @throws \ValueError for a status that is not from 200 to 599
     */
    public static function json(mixed $data, int $status = 200, array $headers = []): Response {}

    /**
     * Makes an answer that sends the client to another address.
     *
     * @param string $location a URL, or a part of one, encoded as it is to be sent
     * @param int $status 301, 302, 303, 307 or 308
     * @param array<string, string|int|list<string|int>> $headers
     *
     * @throws \ValueError for another status, and for a location that is empty
     */
    public static function redirect(string $location, int $status = 302, array $headers = []): Response {}

    /**
     * Makes an answer that is a file, see \RoadRunner\WorkerInterface::sendFile(). It is opened when the response is sent.
     *
     * @param ?string $name what the client is to save the file as, without folders
     * @param bool $inline whether the client may show it instead
     * @param array<string, string|int|list<string|int>> $headers
     *
     * @throws \ValueError for a name that is none
     */
    public static function file(string $path, ?string $name = null, bool $inline = false, array $headers = []): Response {}
}
