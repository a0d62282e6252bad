--TEST--
Worker: WorkerInterface can be implemented, so that loops can be tested
--EXTENSIONS--
roadrunner
--FILE--
<?php
use RoadRunner\Http\Request;
use RoadRunner\WorkerInterface;

class Fake implements WorkerInterface
{
    public function __construct(private array $requests) {}

    public function waitRequest(): ?Request
    {
        return array_shift($this->requests);
    }

    public function respond(int $status, mixed $body = '', array $headers = []): bool
    {
        echo $status, ' ', $body, "\n";
        return true;
    }

    public function send(RoadRunner\Http\Response $response): bool
    {
        return $this->respond($response->status, $response->body, $response->headers);
    }

    public function sendFile(string $path, ?string $name = null, bool $inline = false, array $headers = []): bool
    {
        return $this->respond(200, $path);
    }

    public function stop(): void {}

    public function isStopping(): bool
    {
        return false;
    }
}

function loop(WorkerInterface $worker): void
{
    while ($request = $worker->waitRequest()) {
        $worker->respond(200, $request->path);
    }
}

loop(new Fake([Request::create('GET', '/a'), Request::create('GET', '/b')]));
eval('class Wrong implements RoadRunner\WorkerInterface { public function waitRequest(): array {} }');
?>
--EXPECTF--
200 /a
200 /b

Fatal error: Declaration of Wrong::waitRequest(): array must be compatible with RoadRunner\WorkerInterface::waitRequest(): ?RoadRunner\Http\Request in %s on line %d
