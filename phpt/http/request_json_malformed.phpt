--TEST--
Http: Request::json(): a body that is not JSON throws BadRequestException with the cause
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Exception\BadRequestException;
use RoadRunner\Exception\RoadRunnerException;
use RoadRunner\Http\Request;

foreach (['empty' => '', 'cut off' => '{"a": [1', 'not UTF-8' => "\"\xff\"", 'rest' => '{} x', 'BOM' => "\u{FEFF}{}",
    'form' => 'a=1', 'NUL' => "1\0", 'half a surrogate' => '"\ud800"'] as $what => $body) {
    report($what, fn () => Request::create('POST', '/', [], $body)->json());
}

try {
    Request::create('POST', '/', [], '{')->json();
} catch (BadRequestException $exception) {
    var_dump($exception->statusCode, $exception->getCode(), $exception instanceof RoadRunnerException);
    var_dump($exception->getPrevious()::class, $exception->getPrevious()->getCode() === JSON_ERROR_SYNTAX);
    var_dump(basename($exception->getFile()), $exception->getLine());
}
var_dump(json_last_error());
?>
--EXPECT--
empty => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Syntax error <- JsonException: Syntax error
cut off => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Syntax error <- JsonException: Syntax error
not UTF-8 => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Malformed UTF-8 characters, possibly incorrectly encoded <- JsonException: Malformed UTF-8 characters, possibly incorrectly encoded
rest => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Syntax error <- JsonException: Syntax error
BOM => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Syntax error <- JsonException: Syntax error
form => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Syntax error <- JsonException: Syntax error
NUL => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Control character error, possibly incorrectly encoded <- JsonException: Control character error, possibly incorrectly encoded
half a surrogate => RoadRunner\Exception\BadRequestException: The request body is not valid JSON: Single unpaired UTF-16 surrogate in unicode escape <- JsonException: Single unpaired UTF-16 surrogate in unicode escape
int(400)
int(0)
bool(true)
string(13) "JsonException"
bool(true)
string(26) "request_json_malformed.php"
int(14)
int(0)
