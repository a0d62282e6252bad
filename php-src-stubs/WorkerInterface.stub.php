<?php

namespace RoadRunner;

/**
 * A worker of an HTTP pool: waits for requests and answers them.
 */
interface WorkerInterface
{
    /**
     * Waits for the next request. The request before is over with this call: if it is unanswered, its client gets
     * `http.internal_error_code` (500) and the log an error that names this line; reading its object throws.
     *
     * On the main thread the first call starts the server and does not return: when the server ends, the script is left
     * as by `exit(0)`.
     *
     * @return \RoadRunner\Http\Request|null null when the worker must leave its loop
     *
     * @throws \RoadRunner\Exception\ServerException when the server cannot start: its configuration, an address, a
     *         worker script that does not boot
     * @throws \RoadRunner\Exception\LogicException under another SAPI than cli, in a worker of another server, in a
     *         forked process
     */
    public function waitRequest(): ?\RoadRunner\Http\Request;

    /**
     * Answers the request that was received last. Work after the answer is allowed: the client has it, the worker counts
     * as busy until its next wait.
     *
     * A body that is streamed is sent while it is made: each string or number that a Traversable yields, each piece that is
     * read from a PHP stream. The answer starts with the first of them, so an exception before can still be answered. One
     * that comes later cuts the answer off. When the client goes, a generator gets a ClientGoneException at its `yield`, and
     * this method returns false.
     *
     * @param int $status 200 to 599
     * @param mixed $body string or Stringable: these bytes; array, JsonSerializable or stdClass: its JSON, with
     *        `content-type: application/json` unless given; Traversable or stream resource: streamed; null: nothing
     * @param array<string, string|int|list<string|int>> $headers content-length and transfer-encoding are the server's
     *        business and are ignored (but for the content-length of an answer to HEAD without body)
     *
     * @return bool false when the client has gone
     *
     * @throws \ValueError for a status, header name or header value that HTTP does not allow
     * @throws \TypeError for a body or header value of another type
     * @throws \JsonException for a body that cannot be encoded
     * @throws \RoadRunner\Exception\LogicException without a request, for a second answer, outside of a worker
     */
    public function respond(int $status, mixed $body = '', array $headers = []): bool;

    /**
     * Answers the request that was received last by $response.
     *
     * @return bool false when the client has gone
     *
     * @throws \RoadRunner\Exception\FileException when it is a file that cannot be sent
     * @throws \ValueError|\TypeError|\JsonException|\RoadRunner\Exception\LogicException as respond()
     */
    public function send(\RoadRunner\Http\Response $response): bool;

    /**
     * Answers the request that was received last by a file, which is sent without this worker. It is opened before the
     * method returns, so it may be replaced or removed from then on. `open_basedir` is obeyed.
     *
     * Conditions and ranges of GET and HEAD requests are answered (304, 412, 206, 416). `content-type` is given by the ending
     * of the path, `etag` and `last-modified` by the time of the file's last change, unless $headers have them; with
     * `accept-ranges: none` the file is sent whole.
     *
     * @param ?string $name what the client is to save the file as (`content-disposition`), without folders
     * @param bool $inline whether the client may show it instead
     * @param array<string, string|int|list<string|int>> $headers
     *
     * @return bool false when the client has gone
     *
     * @throws \RoadRunner\Exception\FileException when the file is not there, may not be read, or is no regular file: the
     *         request can still be answered otherwise
     * @throws \ValueError for a name, header name or header value that is none
     * @throws \TypeError for a header value of another type
     * @throws \RoadRunner\Exception\LogicException without a request, for a second answer, outside of a worker
     */
    public function sendFile(string $path, ?string $name = null, bool $inline = false, array $headers = []): bool;

    /**
     * Asks for a fresh worker: the next waitRequest() returns null, and the script is run again. A request without an
     * answer by then goes to another worker, once.
     *
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public function stop(): void;

    /**
     * Returns whether the next waitRequest() will return null: stop() was called or the server shuts down.
     */
    public function isStopping(): bool;
}
