<?php

namespace RoadRunner;

/**
 * The server that this worker belongs to. What is asked for here begins at once and does not wait for this worker: the
 * request in hand can be answered as usual.
 *
 * @strict-properties
 * @not-serializable
 */
final class Server
{
    private function __construct() {}

    /**
     * Asks for a reload, as SIGHUP and `rr reset` do: workers with the code of now take the place of all others, one after
     * the other; the configuration is read again for what can change. If the code does not boot, the log says so, and the
     * workers of before go on.
     *
     * @param ?string $pool the name of the only pool to reload; null: all of them
     *
     * @throws \ValueError when there is no such pool
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function reload(?string $pool = null): void {}

    /**
     * Asks for a change of the generation, as SIGUSR2 does: another process like this one takes the sockets over, and this
     * one ends when its requests have.
     *
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function restart(): void {}

    /**
     * Asks for the end of the server, as SIGTERM does: requests under way finish.
     *
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function shutdown(): void {}
}
