<?php

namespace RoadRunner\Http;

/**
 * What client and server have agreed upon for an encrypted connection.
 *
 * @strict-properties
 * @not-serializable
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
 *
 * @strict-properties
 * @not-serializable
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
