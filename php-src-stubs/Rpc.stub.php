<?php

namespace RoadRunner;

/**
 * Calls of methods by name, `service.Method`: those of the server (`informer.Workers`, `resetter.Reset`, …) and those that
 * workers have registered.
 *
 * Arguments and results are null, booleans, numbers, strings and arrays of these, nested at most 128 times; \stdClass is an
 * array with string keys; what has a JSON form (\JsonSerializable, enums) is sent as that. Between workers strings may be any
 * bytes; in JSON, as from other processes, they must be UTF-8.
 *
 * @strict-properties
 * @not-serializable
 */
final class Rpc
{
    private function __construct() {}

    /**
     * Calls a method and waits for its result.
     *
     * In a worker the call stays within the process. Elsewhere, as in a command, it goes to the running server: to the address
     * in the variable RR_RPC, else to where the configuration of this place has it.
     *
     * @param mixed $argument what the method takes; many take anything
     * @param float|null $timeout seconds to wait at most; null: 30
     *
     * @throws \RoadRunner\Exception\RpcTimeoutException when there is no result in time; the method may go on
     * @throws \RoadRunner\Exception\RpcException when there is no such method, when it fails, or when no server can be reached
     * @throws \RoadRunner\Exception\TimeoutException when the request in hand has taken longer than `supervisor.exec_ttl`
     * @throws \TypeError for an argument that cannot be sent
     * @throws \JsonException for one whose JSON form cannot be made
     * @throws \ValueError for a timeout that is negative or no number
     */
    public static function call(string $method, mixed $argument = null, ?float $timeout = null): mixed {}

    /**
     * Lets this worker answer calls of a method, until its script ends. A call is answered inside of waitRequest(), which does
     * not return for it, by one of the workers that have registered the method. What the handler returns is the result; what it
     * throws is logged, and its message is the error that the caller is told.
     *
     * On the main thread of a script, where nothing is served, this has no effect.
     *
     * @param string $method `service.Method`; a service whose name is the server's, or RoadRunner's, cannot be taken
     * @param callable $handler gets the argument of the call
     *
     * @throws \ValueError for a name that cannot be taken
     * @throws \RoadRunner\Exception\LogicException where no server can run, and in a fork of a worker
     */
    public static function register(string $method, callable $handler): void {}

    /**
     * Takes back what register() did.
     *
     * @return bool false if this worker has not registered the method
     */
    public static function unregister(string $method): bool {}
}
