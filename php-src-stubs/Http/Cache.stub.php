<?php

namespace RoadRunner\Http;

/**
 * What middleware `cache` has stored, for those who know that it is no longer true. Whatever is removed while a worker makes
 * a new response to it is not stored when that comes.
 *
 * Without the middleware nothing is stored: the methods return 0, so that a script is the same with and without it. They
 * concern the server that calls them, not others that answer for the same site.
 *
 * @strict-properties
 * @not-serializable
 */
final class Cache
{
    private function __construct() {}

    /**
     * Removes the responses that have one of these tags, see `http.cache.tag_header`.
     *
     * @param string|list<string> $tags a tag, or several; compared as they are written
     *
     * @return int how many these were
     *
     * @throws \ValueError for a tag that is empty or has what stands between tags: commas and white space
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function purgeTags(string|array $tags): int {}

    /**
     * Removes the responses to an address, all that differ by `Vary` included.
     *
     * @param string $url with http:// or https://, which makes no difference, or a path with its query, which is that of all
     *                    hosts; as clients ask for it: "/a" is neither "/a/" nor "/a?b=1" nor "/%61"
     *
     * @return int how many these were
     *
     * @throws \ValueError for what is neither
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function purgeUrl(string $url): int {}

    /**
     * Removes everything.
     *
     * @return int how many responses there were
     *
     * @throws \RoadRunner\Exception\LogicException outside of a worker
     */
    public static function clear(): int {}
}
