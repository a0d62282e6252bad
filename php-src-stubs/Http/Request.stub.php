<?php

namespace RoadRunner\Http;

/**
 * An HTTP request.
 *
 * Its body has arrived, unless `http.stream_request_body` is set: then what reads it waits for it. That may throw a
 * \RoadRunner\Exception\BadRequestException for a body that is too large (its `statusCode` is 413), too slow (408) or
 * malformed (400), and a \RoadRunner\Exception\ClientGoneException when the client breaks off.
 *
 * Values are made when they are read. Once its worker waits again the request is over, and reading it throws
 * \RoadRunner\Exception\LogicException.
 *
 * @strict-properties
 * @not-serializable
 */
final class Request
{
    /** Request method, as sent: "GET". */
    public readonly string $method;

    /** The whole target: "http://example.com/path?query". */
    public readonly string $uri;

    /** Path of the target, not decoded: "/path". */
    public readonly string $path;

    /** Query of the target without its question mark, not decoded; empty if there is none. */
    public readonly string $queryString;

    /** "HTTP/1.1", "HTTP/1.0" or "HTTP/2.0". */
    public readonly string $protocol;

    /** "https" if the connection is encrypted, otherwise "http". */
    public readonly string $scheme;

    /**
     * What the client calls this server: host, and port if it is not the usual one. Not to be trusted. The address that
     * it has reached if it names none.
     */
    public readonly string $host;

    /** IP address of the other end of the connection. */
    public readonly string $remoteAddress;

    /** Port of the other end of the connection. */
    public readonly int $remotePort;

    /** 32 hexadecimal digits that name this request in logs. */
    public readonly string $id;

    /** When the head had arrived, in seconds since 1970. */
    public readonly float $startedAt;

    private function __construct() {}

    /**
     * Makes a request without a server, for tests.
     *
     * @param array<string, string|int|list<string|int>> $headers
     *
     * @throws \ValueError for a method, target, header or address that is none
     */
    public static function create(
        string $method,
        string $uri,
        array $headers = [],
        string $body = '',
        string $remoteAddress = '127.0.0.1',
    ): Request {}

    /**
     * Returns a header's value; several lines of one name are joined by ", " (cookies by "; ").
     *
     * @param string $name in any case
     */
    public function header(string $name, ?string $default = null): ?string {}

    /**
     * Returns all headers.
     *
     * @return array<string, list<string>> by lower-case name
     */
    public function headers(): array {}

    /**
     * Returns a parameter of the query, or all of them, parsed as by parse_str().
     *
     * @return mixed string, or array for names with brackets; $default if there is none; all without $key
     */
    public function query(?string $key = null, mixed $default = null): mixed {}

    /**
     * Returns the cookies, decoded; of several with one name the first.
     *
     * @return array<string, string>
     */
    public function cookies(): array {}

    /**
     * Returns what middleware of the server has found out: "user" (basic_auth), "requestId" (request_id). Nothing in it
     * comes from the client unchecked.
     *
     * @return array<string, string>
     */
    public function attributes(): array {}

    /**
     * Returns a field of a form, or all of them, parsed as by parse_str(). A form is a body of type
     * `application/x-www-form-urlencoded` or `multipart/form-data`.
     *
     * @return mixed string, or array for names with brackets; $default if there is none; all without $key
     */
    public function form(?string $key = null, mixed $default = null): mixed {}

    /**
     * Returns the files of a `multipart/form-data` body. A name with brackets makes an array, as it does for a field:
     * `photos[]` is a list of files under "photos".
     *
     * @return array<string|int, Upload|array>
     */
    public function files(): array {}

    /**
     * Returns the whole body, byte for byte; of a `multipart/form-data` body nothing, unless `http.raw_body` is set.
     *
     * @throws \RoadRunner\Exception\LogicException when bodyStream() has begun to read a body that still arrived
     */
    public function body(): string {}

    /**
     * Returns the body as a stream to read from, as of fopen(). It ends with the request.
     *
     * A body that has arrived can be read several times and be sought in. With `http.stream_request_body` it is read while
     * it arrives, once: a read waits for the next bytes, and may throw what is said above. Of a `multipart/form-data` body
     * there is nothing to read, unless it still arrives or `http.raw_body` is set.
     *
     * @return resource
     *
     * @throws \RoadRunner\Exception\LogicException when a body that still arrived was read before
     */
    public function bodyStream() {}

    /**
     * Returns the parts of a `multipart/form-data` body, one after the other while they are read: nothing goes to disk, and
     * no more than a piece is in memory. It needs the bytes themselves: `http.stream_request_body`, before anything else has
     * read the body, or `http.raw_body`.
     *
     * @throws \RoadRunner\Exception\BadRequestException when the body is no such form (its `statusCode` is 415), or malformed
     * @throws \RoadRunner\Exception\LogicException when the form was taken apart, or a body that still arrived was read before
     */
    public function parts(): Parts {}

    /**
     * Returns the fields that came behind the body, once all of it was read. Those that belong into a head are left out:
     * lengths and codings, hosts, conditions, credentials and what proxies say (RFC 9110 section 6.5.1).
     *
     * @return array<string, list<string>> by lower-case name
     */
    public function trailers(): array {}

    /**
     * Decodes the body as JSON; objects become arrays.
     *
     * @param int $depth deepest nesting allowed, at least 1
     *
     * @throws \RoadRunner\Exception\BadRequestException when the body is not JSON or is nested deeper
     */
    public function json(int $depth = 512): mixed {}

    /** Returns what was agreed upon for the encryption of the connection; null if it is not encrypted. */
    public function tls(): ?Tls {}

    /** Returns whether the client has gone before its answer, or was answered because the request took too long. */
    public function isAborted(): bool {}

    /**
     * Returns when this request must be over (`supervisor.exec_ttl`), as Unix time in seconds; null without such a limit.
     *
     * @throws \RoadRunner\Exception\LogicException when the request is over
     */
    public function deadline(): ?float {}

    /**
     * Sends headers ahead of the answer (103 Early Hints, RFC 8297), at once: `link: </style.css>; rel=preload; as=style`
     * lets a browser load it while the answer is made. Any number of times before the answer.
     *
     * @param array<string, string|int|list<string|int>> $headers
     *
     * @return bool false when they are not sent: the client speaks HTTP/1.0 or HTTP/2, has gone, or takes nothing
     *
     * @throws \ValueError for a header name or header value that HTTP does not allow
     * @throws \RoadRunner\Exception\LogicException after the answer, and when the request is over
     */
    public function earlyHints(array $headers): bool {}

    /**
     * Answers this request, see \RoadRunner\WorkerInterface::respond().
     *
     * @param array<string, string|int|list<string|int>> $headers
     *
     * @return bool false when the client has gone
     *
     * @throws \ValueError for a status, header name or header value that HTTP does not allow
     * @throws \TypeError for a body or header value of another type
     * @throws \JsonException for a body that cannot be encoded
     * @throws \RoadRunner\Exception\LogicException for a second answer, and when the request is over
     */
    public function respond(int $status, mixed $body = '', array $headers = []): bool {}

    /**
     * Answers this request by $response, see \RoadRunner\WorkerInterface::send().
     *
     * @return bool false when the client has gone
     *
     * @throws \RoadRunner\Exception\FileException when it is a file that cannot be sent
     * @throws \ValueError|\TypeError|\JsonException|\RoadRunner\Exception\LogicException as respond()
     */
    public function send(Response $response): bool {}

    /**
     * Answers this request by a file, see \RoadRunner\WorkerInterface::sendFile().
     *
     * @param ?string $name what the client is to save the file as, without folders
     * @param bool $inline whether the client may show it instead
     * @param array<string, string|int|list<string|int>> $headers
     *
     * @return bool false when the client has gone
     *
     * @throws \RoadRunner\Exception\FileException when the file cannot be sent: the request can still be answered otherwise
     * @throws \ValueError for a name, header name or header value that is none
     * @throws \TypeError for a header value of another type
     * @throws \RoadRunner\Exception\LogicException for a second answer, and when the request is over
     */
    public function sendFile(string $path, ?string $name = null, bool $inline = false, array $headers = []): bool {}

    /**
     * Starts an answer whose body is sent piece by piece. A `content-length` that is given must be the body's.
     *
     * @param array<string, string|int|list<string|int>> $headers
     *
     * @throws \ValueError for a status, header name or header value that HTTP does not allow
     * @throws \RoadRunner\Exception\LogicException for a second answer, when the request is over, outside of a worker
     */
    public function startResponse(int $status = 200, array $headers = []): ResponseStream {}

    /**
     * Starts an answer of events: status 200, `content-type: text/event-stream`, `cache-control: no-store`, and
     * `x-accel-buffering: no` for proxies.
     *
     * @param array<string, string|int|list<string|int>> $headers further ones; they replace those above
     *
     * @throws \ValueError for a header name or header value that HTTP does not allow
     * @throws \RoadRunner\Exception\LogicException for a second answer, when the request is over, outside of a worker
     */
    public function startEvents(array $headers = []): ServerSentEvents {}
}
