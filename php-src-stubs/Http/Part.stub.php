<?php

namespace RoadRunner\Http;

/**
 * A part of a form that is read part by part. What is left of it is passed over when the next one is asked for.
 *
 * @strict-properties
 * @not-serializable
 */
final class Part
{
    /** Name of the field. */
    public readonly string $name;

    /** Name that the client gives the file, with its folders if it gives them; null if it is no file. Not to be trusted. */
    public readonly ?string $fileName;

    /** Media type that the client gives; empty if it gives none. Not to be trusted. */
    public readonly string $type;

    /** All headers of the part: array<string, string> by lower-case name. */
    public readonly array $headers;

    private function __construct() {}

    /**
     * Returns what is left of its contents as a stream to read from, as of fopen().
     *
     * @return resource
     */
    public function stream() {}

    /**
     * Returns what is left of its contents.
     *
     * @throws \RoadRunner\Exception\LogicException when the next part was asked for, and when the request is over
     * @throws \RoadRunner\Exception\BadRequestException when the form is malformed, or ends within the part
     */
    public function read(): string {}
}
