--TEST--
Exception: classes can be caught by their root, made and extended by scripts
--EXTENSIONS--
roadrunner
--FILE--
<?php
namespace Mine;

use RoadRunner\Exception\{BadRequestException, LogicException, RoadRunnerException, ServerException};

class Custom extends BadRequestException
{
    public int $statusCode = 422;
}

foreach ([RoadRunnerException::class, LogicException::class, ServerException::class, BadRequestException::class, Custom::class] as $class) {
    try {
        throw new $class('message', 7, new \Exception('cause'));
    } catch (RoadRunnerException $exception) {
        echo $exception::class, ' ', $exception->getMessage(), ' ', $exception->getCode(), ' ', $exception->getPrevious()->getMessage(), "\n";
    }
}
var_dump($exception->statusCode, (new BadRequestException())->statusCode, (new LogicException()) instanceof \LogicException);
$exception->statusCode = 413;
var_dump($exception->statusCode);
try {
    $exception->statusCode = 'x';
} catch (\TypeError $error) {
    echo $error->getMessage(), "\n";
}
?>
--EXPECT--
RoadRunner\Exception\RoadRunnerException message 7 cause
RoadRunner\Exception\LogicException message 7 cause
RoadRunner\Exception\ServerException message 7 cause
RoadRunner\Exception\BadRequestException message 7 cause
Mine\Custom message 7 cause
int(422)
int(400)
bool(false)
int(413)
Cannot assign string to property Mine\Custom::$statusCode of type int
