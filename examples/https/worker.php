<?php

declare(strict_types=1);

$worker = new RoadRunner\Worker();

while ($request = $worker->waitRequest()) {
    $tls = $request->tls();
    $client = $tls?->clientCertificate;
    if ($request->path === '/private' && !$client?->isVerified) {
        $worker->respond(403, "Show a certificate.\n", ['content-type' => 'text/plain']);
        continue;
    }
    $worker->respond(200, [
        'hello' => $client?->isVerified ? $client->commonName : 'stranger',
        'scheme' => $request->scheme,
        'tls' => $tls,
    ]);
}
