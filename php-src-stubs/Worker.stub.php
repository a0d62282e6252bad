<?php

namespace RoadRunner;

/**
 * The worker that this thread is.
 *
 * @strict-properties
 * @not-serializable
 */
final class Worker implements WorkerInterface
{
    public function __construct() {}

    public function waitRequest(): ?\RoadRunner\Http\Request {}

    public function respond(int $status, mixed $body = '', array $headers = []): bool {}

    public function send(\RoadRunner\Http\Response $response): bool {}

    public function sendFile(string $path, ?string $name = null, bool $inline = false, array $headers = []): bool {}

    public function stop(): void {}

    public function isStopping(): bool {}
}
