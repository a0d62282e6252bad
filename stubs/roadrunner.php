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
         * @param int $status 200 to 599
         * @param mixed $body string or Stringable: these bytes; array, JsonSerializable or stdClass: its JSON, with
         *        `content-type: application/json` unless given; null: nothing
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

namespace RoadRunner\Http {
    /**
     * An HTTP request with its whole body.
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
         * Returns a field of an `application/x-www-form-urlencoded` body, or all of them, parsed as by parse_str().
         *
         * @return mixed string, or array for names with brackets; $default if there is none; all without $key
         */
        public function form(?string $key = null, mixed $default = null): mixed {}

        /** Returns the whole body, byte for byte. */
        public function body(): string {}

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

        /** Returns whether the client has gone before its answer. */
        public function isAborted(): bool {}

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

    /** The client's request cannot be read. */
    class BadRequestException extends RoadRunnerException
    {
        /** Status to answer with. */
        public int $statusCode = 400;
    }
}
