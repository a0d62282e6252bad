<?php

namespace RoadRunner\Http;

/**
 * A file of a form. It is removed when its request is over, unless it was moved.
 *
 * @strict-properties
 * @not-serializable
 */
final class Upload
{
    /** Name that the client gives the file, without folders. Not to be trusted. */
    public readonly string $clientName;

    /** The same with the folders that the client gives, if any (PHP's `full_path`). Not to be trusted. */
    public readonly string $clientPath;

    /** Media type that the client gives; empty if it gives none. Not to be trusted. */
    public readonly string $type;

    /** Bytes; 0 if there is an error. */
    public readonly int $size;

    /** One of PHP's UPLOAD_ERR_* constants; 0 (UPLOAD_ERR_OK): the file is there. */
    public readonly int $error;

    /** Where the file is until its request is over; empty if there is an error. */
    public readonly string $path;

    private function __construct() {}

    /**
     * Moves the file to $path, in place of what is there. It gets the mode of a new file, as by move_uploaded_file().
     *
     * @throws \RoadRunner\Exception\UploadException when the file cannot be moved there
     * @throws \RoadRunner\Exception\LogicException when there is none, and when the request is over
     */
    public function moveTo(string $path): void {}
}
