<?php

namespace RoadRunner;

/**
 * Where the script runs.
 *
 * @strict-properties
 * @not-serializable
 */
final class Environment
{
    private function __construct() {}

    /**
     * What the workers of this script do: "http". On a worker thread that of its pool (RoadRunner's RR_MODE); on the main
     * thread of a command line the mode of the first pool, or RR_MODE of the server that started this process.
     *
     * @return string|null null under a SAPI that cannot serve
     */
    public static function mode(): ?string {}

    /** Returns whether this is a worker thread of a server in this process. */
    public static function isWorker(): bool {}

    /** Returns the worker's name, as in the log: "rr-php-http-0". Null outside of a worker. */
    public static function workerName(): ?string {}

    /** Returns the worker's number within its pool, from 0. Null outside of a worker. */
    public static function workerNumber(): ?int {}

    /** Returns the name of the worker's pool. Null outside of a worker. */
    public static function pool(): ?string {}

    /**
     * Returns where the server answers calls from other processes: `unix:///path` or `tcp://host:port`. In a worker that of its
     * server, elsewhere what the variable RR_RPC says.
     *
     * @return string|null null if it does not, or no server has started this process
     */
    public static function rpc(): ?string {}

    /** Returns the version of the extension. */
    public static function version(): string {}
}
