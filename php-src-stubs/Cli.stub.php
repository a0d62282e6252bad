<?php

namespace RoadRunner;

/**
 * The command `rr`, which is a script that calls this.
 *
 * @internal
 * @strict-properties
 * @not-serializable
 */
final class Cli
{
    private function __construct() {}

    /**
     * Runs `rr` with these arguments, without the program's name: `['serve', '-c', '.rr.yaml']`. It prints to standard
     * output and error, and may change the working directory, serve until it is told to end, or replace this process.
     *
     * @param list<string> $arguments
     * @return int the exit code: 0 success, 1 failure, 64 wrong arguments, 69 not supported, 78 wrong configuration
     * @throws \RoadRunner\Exception\LogicException in a worker, and in a fork of one
     */
    public static function run(array $arguments): int {}
}
