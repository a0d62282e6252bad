<?php

namespace RoadRunner\Exception;

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
