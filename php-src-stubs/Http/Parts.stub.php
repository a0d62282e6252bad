<?php

namespace RoadRunner\Http;

/**
 * The parts of a form, read one after the other.
 *
 * @strict-properties
 * @not-serializable
 */
final class Parts implements \Iterator
{
    private function __construct() {}

    /** Returns the part that is open; null behind the last one. */
    public function current(): ?Part {}

    /** Returns its number, from 0. */
    public function key(): int {}

    /** Waits for the next part. */
    public function next(): void {}

    /**
     * Waits for the first part.
     *
     * @throws \RoadRunner\Exception\LogicException when it was read before
     */
    public function rewind(): void {}

    /** Returns whether there is a part. */
    public function valid(): bool {}
}
