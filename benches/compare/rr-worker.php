<?php

// A worker of RoadRunner in plain PHP: its frames on standard input and output, and nothing else. It does less than
// one with RoadRunner's packages, which flatters RoadRunner.

declare(strict_types=1);

const CONTROL = 0x01;
const CODEC_JSON = 0x08;
const CODEC_PROTO = 0x80;

function readExactly(int $length): string
{
    $bytes = '';
    while (strlen($bytes) < $length) {
        $more = fread(STDIN, $length - strlen($bytes));
        if ($more === false || $more === '') {
            exit;
        }
        $bytes .= $more;
    }
    return $bytes;
}

function send(int $flags, string $payload, ?int $contextLength = null): void
{
    $options = $contextLength === null ? '' : pack('V', $contextLength);
    $head = chr(0x10 | (3 + intdiv(strlen($options), 4))) . chr($flags) . pack('V', strlen($payload));
    fwrite(STDOUT, $head . pack('V', crc32($head)) . "\0\0" . $options . $payload);
}

stream_set_read_buffer(STDIN, 65536);
// http.v1.Response of RoadRunner's API: status = 1, headers = 2, a map to lists of values.
$field = static fn (int $number, string $value): string => chr($number << 3 | 2) . chr(strlen($value)) . $value;
$context = "\x08\xc8\x01" . $field(2, $field(1, 'content-type') . $field(2, $field(1, 'text/plain')));
while (true) {
    $head = readExactly(12);
    $options = ((ord($head[0]) & 0x0f) - 3) * 4;
    if ($options > 0) {
        readExactly($options);
    }
    $length = unpack('V', $head, 2)[1];
    $payload = $length > 0 ? readExactly($length) : '';
    if (ord($head[1]) & CONTROL) {
        if (isset(json_decode($payload, true)['stop'])) {
            exit;
        }
        send(CONTROL | CODEC_JSON, json_encode(['pid' => getmypid()]));
        continue;
    }
    send(CODEC_PROTO, $context . "Hello, world!\n", strlen($context));
}
