<?php

// Stubs of the roadrunner extension for IDEs and static analysers. Generated from php-src-stubs/ by `make gen`.

namespace RoadRunner {
    /**
     * A worker of an HTTP pool: waits for requests and answers them.
     */
    interface WorkerInterface
    {
        /**
         * Waits for the next request. The request before is over with this call: if it is unanswered, its client gets
         * `http.internal_error_code` (500) and the log an error that names this line; reading its object throws.
         *
         * On the main thread the first call starts the server and does not return: when the server ends, the script is left
         * as by `exit(0)`.
         *
         * @return \RoadRunner\Http\Request|null null when the worker must leave its loop
         *
         * @throws \RoadRunner\Exception\ServerException when the server cannot start: its configuration, an address, a
         *         worker script that does not boot
         * @throws \RoadRunner\Exception\LogicException under another SAPI than cli, in a worker of another server, in a
         *         forked process
         */
        public function waitRequest(): ?\RoadRunner\Http\Request;

        /**
         * Answers the request that was received last. Work after the answer is allowed: the client has it, the worker counts
         * as busy until its next wait.
         *
         * A body that is streamed is sent while it is made: each string or number that a Traversable yields, each piece that is
         * read from a PHP stream. The answer starts with the first of them, so an exception before can still be answered. One
         * that comes later cuts the answer off. When the client goes, a generator gets a ClientGoneException at its `yield`, and
         * this method returns false.
         *
         * @param int $status 200 to 599
         * @param mixed $body string or Stringable: these bytes; array, JsonSerializable or stdClass: its JSON, with
         *        `content-type: application/json` unless given; Traversable or stream resource: streamed; null: nothing
         * @param array<string, string|int|list<string|int>> $headers content-length and transfer-encoding are the server's
         *        business and are ignored (but for the content-length of an answer to HEAD without body)
         *
         * @return bool false when the client has gone
         *
         * @throws \ValueError for a status, header name or header value that HTTP does not allow
         * @throws \TypeError for a body or header value of another type
         * @throws \JsonException for a body that cannot be encoded
         * @throws \RoadRunner\Exception\LogicException without a request, for a second answer, outside of a worker
         */
        public function respond(int $status, mixed $body = '', array $headers = []): bool;

        /**
         * Answers the request that was received last by $response.
         *
         * @return bool false when the client has gone
         *
         * @throws \RoadRunner\Exception\FileException when it is a file that cannot be sent
         * @throws \ValueError|\TypeError|\JsonException|\RoadRunner\Exception\LogicException as respond()
         */
        public function send(\RoadRunner\Http\Response $response): bool;

        /**
         * Answers the request that was received last by a file, which is sent without this worker. It is opened before the
         * method returns, so it may be replaced or removed from then on. `open_basedir` is obeyed.
         *
         * Conditions and ranges of GET and HEAD requests are answered (304, 412, 206, 416). `content-type` is given by the ending
         * of the path, `etag` and `last-modified` by the time of the file's last change, unless $headers have them; with
         * `accept-ranges: none` the file is sent whole.
         *
         * @param ?string $name what the client is to save the file as (`content-disposition`), without folders
         * @param bool $inline whether the client may show it instead
         * @param array<string, string|int|list<string|int>> $headers
         *
         * @return bool false when the client has gone
         *
         * @throws \RoadRunner\Exception\FileException when the file is not there, may not be read, or is no regular file: the
         *         request can still be answered otherwise
         * @throws \ValueError for a name, header name or header value that is none
         * @throws \TypeError for a header value of another type
         * @throws \RoadRunner\Exception\LogicException without a request, for a second answer, outside of a worker
         */
        public function sendFile(string $path, ?string $name = null, bool $inline = false, array $headers = []): bool;

        /**
         * Asks for a fresh worker: the next waitRequest() returns null, and the script is run again. A request without an
         * answer by then goes to another worker, once.
         *
         * @throws \RoadRunner\Exception\LogicException outside of a worker
         */
        public function stop(): void;

        /**
         * Returns whether the next waitRequest() will return null: stop() was called or the server shuts down.
         */
        public function isStopping(): bool;
    }
}

namespace RoadRunner {
    /**
     * The server that this worker belongs to. What is asked for here begins at once and does not wait for this worker: the
     * request in hand can be answered as usual.
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
}

namespace RoadRunner {
    /**
     * Names under which answers that were detached are fed, see Http\ServerSentEvents::detach() and
     * Http\ResponseStream::detach(): from any worker, while it has another request or none.
     *
     * A name has 1 to 255 bytes. A channel is there as long as somebody listens to it.
     */
    final class Channel
    {
        private function __construct() {}

        /**
         * Sends to everyone who listens to a channel, and does not wait for them: who has fallen behind by 256 KiB is broken off.
         * Streams of events get an event, as by Http\ServerSentEvents::send(), other answers the text of $data.
         *
         * @param string|list<string> $channel a name, or several: who listens to more than one of them gets it once
         * @param mixed $data string or Stringable: its text; anything else that respond() takes: its JSON
         * @param string|null $event its type; null: "message"
         * @param string|null $id what a client sends as `last-event-id` when it comes again
         * @param int|null $retry milliseconds after which a client is to come again when the connection is lost
         *
         * @return int how many these are
         *
         * @throws \ValueError for a name that is empty or too long, a line break or NUL in $event or $id, or a negative $retry
         * @throws \JsonException for data that cannot be encoded
         * @throws \RoadRunner\Exception\LogicException outside of a worker
         */
        public static function publish(string|array $channel, mixed $data, ?string $event = null, ?string $id = null, ?int $retry = null): int {}

        /**
         * Returns how many listen to a channel.
         *
         * @throws \ValueError for a name that is empty or too long
         * @throws \RoadRunner\Exception\LogicException outside of a worker
         */
        public static function count(string $channel): int {}

        /**
         * Ends the answers of everyone who listens to a channel, behind what was published. Browsers come again for streams of
         * events, unless their page has closed them.
         *
         * @return int how many these were
         *
         * @throws \ValueError for a name that is empty or too long
         * @throws \RoadRunner\Exception\LogicException outside of a worker
         */
        public static function close(string $channel): int {}
    }
}

namespace RoadRunner\Metrics {
    /**
     * A number that only grows.
     */
    interface CounterInterface
    {
        /**
         * Adds one.
         *
         * @param array<string|int> $labels values of its labels, in their order or by their names
         * @param string|null $trace the trace that this belongs to, shown as an example where OpenMetrics is asked for
         *
         * @throws \ValueError for labels that do not fit, or a number that is none
         * @throws \TypeError for a value of a label that is neither string nor int
         * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
         */
        public function inc(array $labels = [], ?string $trace = null): void;

        /**
         * Adds a number.
         *
         * @param float $value not less than 0
         * @param array<string|int> $labels values of its labels, in their order or by their names
         * @param string|null $trace the trace that this belongs to, shown as an example where OpenMetrics is asked for
         *
         * @throws \ValueError for labels that do not fit, or a number that is none
         * @throws \TypeError for a value of a label that is neither string nor int
         * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
         */
        public function add(float $value, array $labels = [], ?string $trace = null): void;
    }

    /**
     * A number that only grows.
     */
    final class Counter implements CounterInterface
    {
        private function __construct() {}

        public function inc(array $labels = [], ?string $trace = null): void {}

        public function add(float $value, array $labels = [], ?string $trace = null): void {}
    }
}

namespace RoadRunner\Metrics {
    /**
     * A number that goes up and down.
     */
    interface GaugeInterface
    {
        /**
         * Sets it.
         *
         * @param array<string|int> $labels values of its labels, in their order or by their names
         *
         * @throws \ValueError for labels that do not fit, or a number that is none
         * @throws \TypeError for a value of a label that is neither string nor int
         * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
         */
        public function set(float $value, array $labels = []): void;

        /**
         * Adds one.
         *
         * @param array<string|int> $labels values of its labels, in their order or by their names
         *
         * @throws \ValueError for labels that do not fit, or a number that is none
         * @throws \TypeError for a value of a label that is neither string nor int
         * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
         */
        public function inc(array $labels = []): void;

        /**
         * Subtracts one.
         *
         * @param array<string|int> $labels values of its labels, in their order or by their names
         *
         * @throws \ValueError for labels that do not fit, or a number that is none
         * @throws \TypeError for a value of a label that is neither string nor int
         * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
         */
        public function dec(array $labels = []): void;

        /**
         * Adds a number, which may be negative.
         *
         * @param array<string|int> $labels values of its labels, in their order or by their names
         *
         * @throws \ValueError for labels that do not fit, or a number that is none
         * @throws \TypeError for a value of a label that is neither string nor int
         * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
         */
        public function add(float $value, array $labels = []): void;

        /**
         * Subtracts a number.
         *
         * @param array<string|int> $labels values of its labels, in their order or by their names
         *
         * @throws \ValueError for labels that do not fit, or a number that is none
         * @throws \TypeError for a value of a label that is neither string nor int
         * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
         */
        public function sub(float $value, array $labels = []): void;
    }

    /**
     * A number that goes up and down.
     */
    final class Gauge implements GaugeInterface
    {
        private function __construct() {}

        public function set(float $value, array $labels = []): void {}

        public function inc(array $labels = []): void {}

        public function dec(array $labels = []): void {}

        public function add(float $value, array $labels = []): void {}

        public function sub(float $value, array $labels = []): void {}
    }
}

namespace RoadRunner\Metrics {
    /**
     * Observations, counted by size.
     */
    interface HistogramInterface
    {
        /**
         * Adds an observation.
         *
         * @param array<string|int> $labels values of its labels, in their order or by their names
         * @param string|null $trace the trace that this belongs to, shown as an example where OpenMetrics is asked for
         *
         * @throws \ValueError for labels that do not fit, or a number that is none
         * @throws \TypeError for a value of a label that is neither string nor int
         * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
         */
        public function observe(float $value, array $labels = [], ?string $trace = null): void;
    }

    /**
     * Observations, counted by size.
     */
    final class Histogram implements HistogramInterface
    {
        private function __construct() {}

        public function observe(float $value, array $labels = [], ?string $trace = null): void {}
    }
}

namespace RoadRunner\Metrics {
    /**
     * Observations, with quantiles of the last ten minutes.
     */
    interface SummaryInterface
    {
        /**
         * Adds an observation.
         *
         * @param array<string|int> $labels values of its labels, in their order or by their names
         *
         * @throws \ValueError for labels that do not fit, or a number that is none
         * @throws \TypeError for a value of a label that is neither string nor int
         * @throws \RoadRunner\Exception\LogicException when there are `metrics.max_series` series, or it was unregistered
         */
        public function observe(float $value, array $labels = []): void;
    }

    /**
     * Observations, with quantiles of the last ten minutes.
     */
    final class Summary implements SummaryInterface
    {
        private function __construct() {}

        public function observe(float $value, array $labels = []): void {}
    }
}

namespace RoadRunner {
    /**
     * Metrics of the application, beside those of the server: Prometheus reads both at `metrics.address`.
     *
     * A metric is declared by asking for it. What is declared already, by another worker or in `metrics.collect`, is found
     * by its name if it has the same type, labels, and buckets or objectives; its help stays as it was. Keep the object where
     * values are changed often: with it, the name is not looked up.
     *
     * All workers of a server change the same numbers. They are lost when the process ends, as at a change of the generation.
     * Outside of a server, and in a fork of a worker, everything is checked and nothing is shown: the same code runs in commands
     * and tests.
     */
    final class Metrics
    {
        private function __construct() {}

        /**
         * A number that only grows. By custom its name ends in `_total`.
         *
         * @param string $name letters, digits, _ and :
         * @param string $help what it says, for people
         * @param list<string> $labels names of its labels
         *
         * @throws \ValueError for a name, help or label that Prometheus does not have
         * @throws \RoadRunner\Exception\LogicException when the name is taken by something else
         */
        public static function counter(string $name, string $help = '', array $labels = []): \RoadRunner\Metrics\Counter {}

        /**
         * A number that goes up and down.
         *
         * @param string $name letters, digits, _ and :
         * @param string $help what it says, for people
         * @param list<string> $labels names of its labels
         *
         * @throws \ValueError|\RoadRunner\Exception\LogicException as counter()
         */
        public static function gauge(string $name, string $help = '', array $labels = []): \RoadRunner\Metrics\Gauge {}

        /**
         * Observations, counted by size.
         *
         * @param string $name letters, digits, _ and :
         * @param string $help what it says, for people
         * @param list<string> $labels names of its labels
         * @param list<int|float> $buckets upper bounds that grow; none: 0.005 to 10, which is meant for seconds
         *
         * @throws \ValueError|\RoadRunner\Exception\LogicException as counter()
         */
        public static function histogram(string $name, string $help = '', array $labels = [], array $buckets = []): \RoadRunner\Metrics\Histogram {}

        /**
         * Observations, with quantiles of the last ten minutes.
         *
         * @param string $name letters, digits, _ and :
         * @param string $help what it says, for people
         * @param list<string> $labels names of its labels
         * @param array<string, float> $objectives quantiles and their errors: `['0.5' => 0.05, '0.99' => 0.001]`
         *
         * @throws \ValueError|\RoadRunner\Exception\LogicException as counter()
         */
        public static function summary(string $name, string $help = '', array $labels = [], array $objectives = []): \RoadRunner\Metrics\Summary {}

        /**
         * Forgets a metric. Objects that still stand for it throw.
         *
         * @return bool false when there was none of this name
         */
        public static function unregister(string $name): bool {}
    }
}

namespace RoadRunner {
    /**
     * Calls of methods by name, `service.Method`: those of the server (`informer.Workers`, `resetter.Reset`, …) and those that
     * workers have registered.
     *
     * Arguments and results are null, booleans, numbers, strings and arrays of these, nested at most 128 times; \stdClass is an
     * array with string keys; what has a JSON form (\JsonSerializable, enums) is sent as that. Between workers strings may be any
     * bytes; in JSON, as from other processes, they must be UTF-8.
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
}

namespace RoadRunner {
    /**
     * A lock that was taken by Locks::acquire() or Locks::acquireShared(). Nothing becomes of the lock when this object goes.
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
}

namespace RoadRunner {
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
}

namespace RoadRunner\Http {
    /**
     * What middleware `cache` has stored, for those who know that it is no longer true. Whatever is removed while a worker makes
     * a new response to it is not stored when that comes.
     *
     * Without the middleware nothing is stored: the methods return 0, so that a script is the same with and without it. They
     * concern the server that calls them, not others that answer for the same site.
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
}

namespace RoadRunner\Http {
    /**
     * The body of an answer, sent piece by piece: what Request::startResponse() returns.
     *
     * It ends with end(), or when its worker waits for the next request. If the script ends before, the client sees that its
     * answer is cut off.
     */
    final class ResponseStream
    {
        private function __construct() {}

        /**
         * Sends a piece. Waits while 256 KiB or more are under way to the client, but not longer than
         * `http.limits.write_timeout` without progress.
         *
         * @return bool false when the client has gone, or has read nothing for that long
         *
         * @throws \RoadRunner\Exception\LogicException after end(), and when the request is over
         */
        public function write(string $data): bool {}

        /**
         * Sends a piece if that needs no wait.
         *
         * @return bool false when there is no room now, or the client has gone: isOpen() tells
         *
         * @throws \RoadRunner\Exception\LogicException after end(), and when the request is over
         */
        public function tryWrite(string $data): bool {}

        /**
         * Hands the open answer over to a channel, or to several: \RoadRunner\Channel::publish() feeds it from now on, until
         * the client goes or the server ends. This object is over, and the worker is free.
         *
         * @param string|list<string> $channel
         *
         * @return bool false when the client has gone, when the answer has ended, and when the server ends
         *
         * @throws \ValueError for a name that is empty or longer than 255 bytes, or none
         * @throws \RoadRunner\Exception\LogicException when the request is over
         */
        public function detach(string|array $channel): bool {}

        /** Returns whether more can be sent: it has not ended, and the client is still there. */
        public function isOpen(): bool {}

        /**
         * Ends the body, with trailer fields behind it (RFC 9110 section 6.5). Over HTTP/1.1 the client gets those that the
         * answer announced in its header `trailer`, if its request said `te: trailers`.
         *
         * @param array<string, string|int|list<string|int>> $trailers
         *
         * @return bool false when the client has gone, or when it has ended before
         *
         * @throws \ValueError for a name or value that HTTP does not allow
         */
        public function end(array $trailers = []): bool {}
    }
}

namespace RoadRunner\Http {
    /**
     * A stream of events (`text/event-stream`): what Request::startEvents() returns.
     */
    final class ServerSentEvents
    {
        private function __construct() {}

        /**
         * Sends an event.
         *
         * @param mixed $data string or Stringable: its text; anything else that respond() takes: its JSON
         * @param string|null $event its type; null: "message"
         * @param string|null $id what the client sends as `last-event-id` when it comes again
         * @param int|null $retry milliseconds after which the client is to come again when the connection is lost
         *
         * @return bool false when the client has gone
         *
         * @throws \ValueError for a line break or NUL in $event or $id, or a negative $retry
         * @throws \RoadRunner\Exception\LogicException after end(), and when the request is over
         */
        public function send(mixed $data, ?string $event = null, ?string $id = null, ?int $retry = null): bool {}

        /**
         * Sends a comment, which clients ignore: it keeps connections alive, and shows whether the client is still there.
         *
         * @return bool false when the client has gone
         *
         * @throws \RoadRunner\Exception\LogicException after end(), and when the request is over
         */
        public function comment(string $text = ''): bool {}

        /**
         * Hands the open stream over to a channel, or to several: \RoadRunner\Channel::publish() feeds it from now on, until
         * the client goes or the server ends. This object is over, and the worker is free.
         *
         * @param string|list<string> $channel
         * @param string|null $lastEventId the request's `last-event-id`: what was published behind it is sent first, as far as
         *                                 `http.sse.history` keeps it
         *
         * @return bool false when the client has gone, when the stream has ended, and when the server ends
         *
         * @throws \ValueError for a name that is empty or longer than 255 bytes, or none
         * @throws \RoadRunner\Exception\LogicException when the request is over
         */
        public function detach(string|array $channel, ?string $lastEventId = null): bool {}

        /** Returns whether more can be sent: it has not ended, and the client is still there. */
        public function isOpen(): bool {}

        /** Ends the stream. The client will come again, unless it is told not to by an event of the application's. */
        public function end(): void {}
    }
}

namespace RoadRunner\Http {
    /**
     * A file of a form. It is removed when its request is over, unless it was moved.
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
}

namespace RoadRunner\Http {
    /**
     * A part of a form that is read part by part. What is left of it is passed over when the next one is asked for.
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
}

namespace RoadRunner\Http {
    /**
     * The parts of a form, read one after the other.
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
}

namespace RoadRunner\Http {
    /**
     * An answer as a value, for Request::send() and Worker::send().
     */
    final class Response
    {
        /** 200 to 599. */
        public readonly int $status;

        /** What respond() takes as a body. */
        public readonly mixed $body;

        /**
         * Headers: name => value or list of values.
         *
         * @var array<string, string|int|list<string|int>>
         */
        public readonly array $headers;

        /** Path of the file that is sent instead of a body; null if none is. */
        public readonly ?string $file;

        /**
         * @param mixed $body what respond() takes; looked at when the response is sent
         * @param array<string, string|int|list<string|int>> $headers looked at when the response is sent
         *
         * @throws \ValueError for a status that is not from 200 to 599
         */
        public function __construct(int $status = 200, mixed $body = '', array $headers = []) {}

        /**
         * Makes an answer of any value's JSON, encoded now, with `content-type: application/json` unless $headers have one.
         *
         * @param array<string, string|int|list<string|int>> $headers
         *
         * @throws \JsonException for a value that cannot be encoded
         * @throws \ValueError for a status that is not from 200 to 599
         */
        public static function json(mixed $data, int $status = 200, array $headers = []): Response {}

        /**
         * Makes an answer that sends the client to another address.
         *
         * @param string $location a URL, or a part of one, encoded as it is to be sent
         * @param int $status 301, 302, 303, 307 or 308
         * @param array<string, string|int|list<string|int>> $headers
         *
         * @throws \ValueError for another status, and for a location that is empty
         */
        public static function redirect(string $location, int $status = 302, array $headers = []): Response {}

        /**
         * Makes an answer that is a file, see \RoadRunner\WorkerInterface::sendFile(). It is opened when the response is sent.
         *
         * @param ?string $name what the client is to save the file as, without folders
         * @param bool $inline whether the client may show it instead
         * @param array<string, string|int|list<string|int>> $headers
         *
         * @throws \ValueError for a name that is none
         */
        public static function file(string $path, ?string $name = null, bool $inline = false, array $headers = []): Response {}
    }
}

namespace RoadRunner\Http {
    /**
     * An HTTP request.
     *
     * Its body has arrived, unless `http.stream_request_body` is set: then what reads it waits for it. That may throw a
     * \RoadRunner\Exception\BadRequestException for a body that is too large (its `statusCode` is 413), too slow (408) or
     * malformed (400), and a \RoadRunner\Exception\ClientGoneException when the client breaks off.
     *
     * Values are made when they are read. Once its worker waits again the request is over, and reading it throws
     * \RoadRunner\Exception\LogicException.
     */
    final class Request
    {
        /** Request method, as sent: "GET". */
        public readonly string $method;

        /** The whole target: "http://example.com/path?query". */
        public readonly string $uri;

        /** Path of the target, not decoded: "/path". */
        public readonly string $path;

        /** Query of the target without its question mark, not decoded; empty if there is none. */
        public readonly string $queryString;

        /** "HTTP/1.1", "HTTP/1.0" or "HTTP/2.0". */
        public readonly string $protocol;

        /** "https" if the connection is encrypted, otherwise "http". */
        public readonly string $scheme;

        /**
         * What the client calls this server: host, and port if it is not the usual one. Not to be trusted. The address that
         * it has reached if it names none.
         */
        public readonly string $host;

        /** IP address of the other end of the connection. */
        public readonly string $remoteAddress;

        /** Port of the other end of the connection. */
        public readonly int $remotePort;

        /** 32 hexadecimal digits that name this request in logs. */
        public readonly string $id;

        /** When the head had arrived, in seconds since 1970. */
        public readonly float $startedAt;

        private function __construct() {}

        /**
         * Makes a request without a server, for tests.
         *
         * @param array<string, string|int|list<string|int>> $headers
         *
         * @throws \ValueError for a method, target, header or address that is none
         */
        public static function create(
            string $method,
            string $uri,
            array $headers = [],
            string $body = '',
            string $remoteAddress = '127.0.0.1',
        ): Request {}

        /**
         * Returns a header's value; several lines of one name are joined by ", " (cookies by "; ").
         *
         * @param string $name in any case
         */
        public function header(string $name, ?string $default = null): ?string {}

        /**
         * Returns all headers.
         *
         * @return array<string, list<string>> by lower-case name
         */
        public function headers(): array {}

        /**
         * Returns a parameter of the query, or all of them, parsed as by parse_str().
         *
         * @return mixed string, or array for names with brackets; $default if there is none; all without $key
         */
        public function query(?string $key = null, mixed $default = null): mixed {}

        /**
         * Returns the cookies, decoded; of several with one name the first.
         *
         * @return array<string, string>
         */
        public function cookies(): array {}

        /**
         * Returns what middleware of the server has found out: "user" (basic_auth), "requestId" (request_id). Nothing in it
         * comes from the client unchecked.
         *
         * @return array<string, string>
         */
        public function attributes(): array {}

        /**
         * Returns a field of a form, or all of them, parsed as by parse_str(). A form is a body of type
         * `application/x-www-form-urlencoded` or `multipart/form-data`.
         *
         * @return mixed string, or array for names with brackets; $default if there is none; all without $key
         */
        public function form(?string $key = null, mixed $default = null): mixed {}

        /**
         * Returns the files of a `multipart/form-data` body. A name with brackets makes an array, as it does for a field:
         * `photos[]` is a list of files under "photos".
         *
         * @return array<string|int, Upload|array>
         */
        public function files(): array {}

        /**
         * Returns the whole body, byte for byte; of a `multipart/form-data` body nothing, unless `http.raw_body` is set.
         *
         * @throws \RoadRunner\Exception\LogicException when bodyStream() has begun to read a body that still arrived
         */
        public function body(): string {}

        /**
         * Returns the body as a stream to read from, as of fopen(). It ends with the request.
         *
         * A body that has arrived can be read several times and be sought in. With `http.stream_request_body` it is read while
         * it arrives, once: a read waits for the next bytes, and may throw what is said above. Of a `multipart/form-data` body
         * there is nothing to read, unless it still arrives or `http.raw_body` is set.
         *
         * @return resource
         *
         * @throws \RoadRunner\Exception\LogicException when a body that still arrived was read before
         */
        public function bodyStream() {}

        /**
         * Returns the parts of a `multipart/form-data` body, one after the other while they are read: nothing goes to disk, and
         * no more than a piece is in memory. It needs the bytes themselves: `http.stream_request_body`, before anything else has
         * read the body, or `http.raw_body`.
         *
         * @throws \RoadRunner\Exception\BadRequestException when the body is no such form (its `statusCode` is 415), or malformed
         * @throws \RoadRunner\Exception\LogicException when the form was taken apart, or a body that still arrived was read before
         */
        public function parts(): Parts {}

        /**
         * Returns the fields that came behind the body, once all of it was read. Those that belong into a head are left out:
         * lengths and codings, hosts, conditions, credentials and what proxies say (RFC 9110 section 6.5.1).
         *
         * @return array<string, list<string>> by lower-case name
         */
        public function trailers(): array {}

        /**
         * Decodes the body as JSON; objects become arrays.
         *
         * @param int $depth deepest nesting allowed, at least 1
         *
         * @throws \RoadRunner\Exception\BadRequestException when the body is not JSON or is nested deeper
         */
        public function json(int $depth = 512): mixed {}

        /** Returns what was agreed upon for the encryption of the connection; null if it is not encrypted. */
        public function tls(): ?Tls {}

        /** Returns whether the client has gone before its answer, or was answered because the request took too long. */
        public function isAborted(): bool {}

        /**
         * Returns when this request must be over (`supervisor.exec_ttl`), as Unix time in seconds; null without such a limit.
         *
         * @throws \RoadRunner\Exception\LogicException when the request is over
         */
        public function deadline(): ?float {}

        /**
         * Sends headers ahead of the answer (103 Early Hints, RFC 8297), at once: `link: </style.css>; rel=preload; as=style`
         * lets a browser load it while the answer is made. Any number of times before the answer.
         *
         * @param array<string, string|int|list<string|int>> $headers
         *
         * @return bool false when they are not sent: the client speaks HTTP/1.0 or HTTP/2, has gone, or takes nothing
         *
         * @throws \ValueError for a header name or header value that HTTP does not allow
         * @throws \RoadRunner\Exception\LogicException after the answer, and when the request is over
         */
        public function earlyHints(array $headers): bool {}

        /**
         * Answers this request, see \RoadRunner\WorkerInterface::respond().
         *
         * @param array<string, string|int|list<string|int>> $headers
         *
         * @return bool false when the client has gone
         *
         * @throws \ValueError for a status, header name or header value that HTTP does not allow
         * @throws \TypeError for a body or header value of another type
         * @throws \JsonException for a body that cannot be encoded
         * @throws \RoadRunner\Exception\LogicException for a second answer, and when the request is over
         */
        public function respond(int $status, mixed $body = '', array $headers = []): bool {}

        /**
         * Answers this request by $response, see \RoadRunner\WorkerInterface::send().
         *
         * @return bool false when the client has gone
         *
         * @throws \RoadRunner\Exception\FileException when it is a file that cannot be sent
         * @throws \ValueError|\TypeError|\JsonException|\RoadRunner\Exception\LogicException as respond()
         */
        public function send(Response $response): bool {}

        /**
         * Answers this request by a file, see \RoadRunner\WorkerInterface::sendFile().
         *
         * @param ?string $name what the client is to save the file as, without folders
         * @param bool $inline whether the client may show it instead
         * @param array<string, string|int|list<string|int>> $headers
         *
         * @return bool false when the client has gone
         *
         * @throws \RoadRunner\Exception\FileException when the file cannot be sent: the request can still be answered otherwise
         * @throws \ValueError for a name, header name or header value that is none
         * @throws \TypeError for a header value of another type
         * @throws \RoadRunner\Exception\LogicException for a second answer, and when the request is over
         */
        public function sendFile(string $path, ?string $name = null, bool $inline = false, array $headers = []): bool {}

        /**
         * Starts an answer whose body is sent piece by piece. A `content-length` that is given must be the body's.
         *
         * @param array<string, string|int|list<string|int>> $headers
         *
         * @throws \ValueError for a status, header name or header value that HTTP does not allow
         * @throws \RoadRunner\Exception\LogicException for a second answer, when the request is over, outside of a worker
         */
        public function startResponse(int $status = 200, array $headers = []): ResponseStream {}

        /**
         * Starts an answer of events: status 200, `content-type: text/event-stream`, `cache-control: no-store`, and
         * `x-accel-buffering: no` for proxies.
         *
         * @param array<string, string|int|list<string|int>> $headers further ones; they replace those above
         *
         * @throws \ValueError for a header name or header value that HTTP does not allow
         * @throws \RoadRunner\Exception\LogicException for a second answer, when the request is over, outside of a worker
         */
        public function startEvents(array $headers = []): ServerSentEvents {}
    }
}

namespace RoadRunner\Http {
    /**
     * What client and server have agreed upon for an encrypted connection.
     */
    final class Tls
    {
        /** "TLSv1.3" or "TLSv1.2". */
        public readonly string $version;

        /** The cipher suite, as IANA registers it: "TLS_AES_256_GCM_SHA384". */
        public readonly string $cipher;

        /** The server that the client has asked for (SNI), in lower case; null if it named none. Not to be trusted. */
        public readonly ?string $serverName;

        /** The protocol on top (ALPN): "http/1.1" or "h2"; null if the client offered none. */
        public readonly ?string $protocol;

        /** Whether an earlier session is continued: its certificate was not shown again. */
        public readonly bool $isResumed;

        /** The certificate that the client has shown; null if none. See `http.ssl.client_auth_type`. */
        public readonly ?ClientCertificate $clientCertificate;

        private function __construct() {}
    }

    /**
     * The certificate of a client, which has proved that it has the key.
     */
    final class ClientCertificate
    {
        /**
         * Whether `http.ssl.root_ca` vouches for it. If not, anybody can have made it: nothing but its fingerprint tells one
         * client from another.
         */
        public readonly bool $isVerified;

        /** Whom it names, by RFC 4514: "CN=Alice,O=Example,C=DE"; empty if only its alternative names do. */
        public readonly string $subject;

        /** The common name of the subject, the most specific one of several; null if there is none. */
        public readonly ?string $commonName;

        /** Who has signed it, written as the subject. */
        public readonly string $issuer;

        /** Its serial number in hexadecimal: "0ABC". */
        public readonly string $serialNumber;

        /** From when it is valid, in seconds since 1970. */
        public readonly int $notBefore;

        /** Until when it is valid, in seconds since 1970. */
        public readonly int $notAfter;

        /**
         * DNS names among the alternative names of its subject.
         *
         * @var list<string>
         */
        public readonly array $dnsNames;

        /**
         * Email addresses among them.
         *
         * @var list<string>
         */
        public readonly array $emailAddresses;

        /**
         * IP addresses among them.
         *
         * @var list<string>
         */
        public readonly array $ipAddresses;

        /**
         * URIs among them.
         *
         * @var list<string>
         */
        public readonly array $uris;

        /** SHA-256 of its DER encoding, 64 hexadecimal digits in lower case. */
        public readonly string $fingerprint;

        /** The certificate itself in PEM, for openssl_x509_parse() and the like. */
        public readonly string $pem;

        private function __construct() {}
    }
}

namespace RoadRunner {
    /**
     * The worker that this thread is.
     */
    final class Worker implements WorkerInterface
    {
        public function __construct() {}

        public function waitRequest(): ?\RoadRunner\Http\Request {}

        public function respond(int $status, mixed $body = '', array $headers = []): bool {}

        public function send(\RoadRunner\Http\Response $response): bool {}

        public function sendFile(string $path, ?string $name = null, bool $inline = false, array $headers = []): bool {}

        public function stop(): void {}

        public function isStopping(): bool {}
    }
}

namespace RoadRunner {
    /**
     * Where the script runs.
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
}

namespace RoadRunner {
    /**
     * The command `rr`, which is a script that calls this.
     *
     * @internal
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
}

namespace RoadRunner\Exception {
    /** Root of everything that the extension throws, but for \ValueError and \TypeError. */
    class RoadRunnerException extends \Exception
    {
    }

    /** A call that is not possible here or now; the script must be changed. */
    class LogicException extends RoadRunnerException
    {
    }

    /** The server cannot start or go on: a configuration, an address, a worker that does not boot. */
    class ServerException extends RoadRunnerException
    {
    }

    /** The client has gone, or takes nothing: there is nobody to go on for. */
    class ClientGoneException extends RoadRunnerException
    {
    }

    /**
     * The request took longer than its worker may (`supervisor.exec_ttl`), and its client was answered 504. Thrown wherever the
     * script is. Half a second later a script that is still at its request is made to end.
     */
    class TimeoutException extends RoadRunnerException
    {
    }

    /** A call of Rpc::call() has failed: the message is what the method says, or why there is none. */
    class RpcException extends RoadRunnerException
    {
    }

    /** A call of Rpc::call() has no result in time. Its method may go on. */
    class RpcTimeoutException extends RpcException
    {
    }

    /** An uploaded file cannot be moved. */
    class UploadException extends RoadRunnerException
    {
    }

    /** A file cannot be sent: it is not there, may not be read, or is no regular file. Nothing was sent yet. */
    class FileException extends RoadRunnerException
    {
    }

    /** Somebody else has the lock, and did not release it in time. */
    class LockedException extends RoadRunnerException
    {
    }

    /** The client's request cannot be read. */
    class BadRequestException extends RoadRunnerException
    {
        /** Status to answer with. */
        public int $statusCode = 400;
    }
}
