<?php

namespace RoadRunner;

/**
 * A lock that was taken by Locks::acquire() or Locks::acquireShared(). Nothing becomes of the lock when this object goes.
 *
 * @strict-properties
 * @not-serializable
 */
final class HeldLock
{
    /** Its name. */
    public readonly string $name;

    /** Whose it is: 32 hexadecimal digits that nobody else has. Whoever knows them can release the lock. */
    public readonly string $id;

    /** Whether others may share it. */
    public readonly bool $isShared;

    private function __construct() {}

    /**
     * Releases it.
     *
     * @return bool false: it was over before
     *
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public function release(): bool {}

    /**
     * Sets how long it is kept from now on.
     *
     * @param float $ttl seconds; 0 or INF: until it is released
     *
     * @return bool false: it is over, and is not taken again
     *
     * @throws \ValueError for a time that is negative or no number
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public function extend(float $ttl): bool {}

    /**
     * Returns whether it is not over yet.
     *
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public function isHeld(): bool {}
}
