<?php

namespace RoadRunner;

/**
 * Names that one part of an application has for itself, or several share, while all workers of this server look on; those
 * who call its RPC (`lock.Lock`) have the same ones.
 *
 * A lock is in memory: it ends with the server, and another generation or another machine knows nothing of it. It belongs
 * to whoever has its id, and not to an object: it is kept when the object goes. It ends when it is released, when its time
 * is over, or, if it is tied, when this run of the worker's script ends in whatever way.
 *
 * Times are seconds, and 1 microsecond at least. A name has 1 to 1024 bytes. A worker that waits for a lock is interrupted
 * when its request has taken too long (`supervisor.exec_ttl`), or the server ends.
 *
 * @strict-properties
 * @not-serializable
 */
final class Locks
{
    private function __construct() {}

    /**
     * Takes a lock that nobody else has, and waits for it if $wait says so. Nobody who comes later has it before.
     *
     * @param float $ttl how long it is kept; 0 or INF: until it is released
     * @param float $wait how long it is waited for; 0: it is not, INF: as long as the request may last
     * @param bool $tied whether it ends with this run of the script at the latest: with exit(), a fatal error, the end of the
     *     worker, or when the worker is given up
     *
     * @return HeldLock|null null: somebody else has it
     *
     * @throws \ValueError for a name that is empty or too long, or a time that is negative or no number
     * @throws \RoadRunner\Exception\ServerException when there is no room for another lock, or the server ends meanwhile
     * @throws \RoadRunner\Exception\TimeoutException when the request has taken too long meanwhile
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function acquire(string $name, float $ttl = 0, float $wait = 0, bool $tied = false): ?HeldLock {}

    /**
     * Takes a lock that others may share, as acquire() does. It stands behind those that wait to have the lock alone.
     *
     * @throws \ValueError as acquire()
     * @throws \RoadRunner\Exception\RoadRunnerException as acquire()
     */
    public static function acquireShared(string $name, float $ttl = 0, float $wait = 0, bool $tied = false): ?HeldLock {}

    /**
     * Calls a function while this worker has a lock, which is released when it returns, throws, or ends the script.
     *
     * @param float $ttl how long it is kept; 0 or INF: until the function is over
     * @param float $wait how long it is waited for; 0: it is not, INF: as long as the request may last
     * @param bool $shared whether others may share it
     *
     * @return mixed what the function returns
     *
     * @throws \RoadRunner\Exception\LockedException when somebody else has it; the function was not called
     * @throws \ValueError as acquire()
     * @throws \RoadRunner\Exception\RoadRunnerException as acquire()
     */
    public static function withLock(string $name, callable $function, float $ttl = 0, float $wait = INF, bool $shared = false): mixed {}

    /**
     * Returns whether anybody has a lock.
     *
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function isLocked(string $name): bool {}

    /**
     * Releases a lock of which only name and id are known: one that another worker has taken, for example.
     *
     * @return bool false: the id does not have it
     *
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function release(string $name, string $id): bool {}

    /**
     * Releases a lock, whosever it is. Who waits for it has it next.
     *
     * @return bool false: nobody had it
     *
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function forceRelease(string $name): bool {}
}
