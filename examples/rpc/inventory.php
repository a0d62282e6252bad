<?php
// Keeps the stock. Its pool has one worker, so nothing is reserved twice.
use RoadRunner\Rpc;

$stock = ['lamp' => 10, 'chair' => 4];

Rpc::register('inventory.Left', function (string $item) use (&$stock) {
    return $stock[$item] ?? throw new DomainException("there is no $item");
});
Rpc::register('inventory.Reserve', function (array $wanted) use (&$stock) {
    ['item' => $item, 'count' => $count] = $wanted;
    $left = $stock[$item] ?? throw new DomainException("there is no $item");
    if ($count < 1 || $count > $left) {
        throw new DomainException("there are only $left of $item");
    }
    return $stock[$item] -= $count;
});

$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $request->respond(404, "Call inventory.Reserve instead\n");
}
