<?php
// The pages: what is left, and a reservation by a call to the worker that keeps the stock.
use RoadRunner\Exception\RpcException;
use RoadRunner\Rpc;

$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    try {
        $left = $request->method === 'POST'
            ? Rpc::call('inventory.Reserve', ['item' => 'lamp', 'count' => (int) $request->query('count', '1')], 2)
            : Rpc::call('inventory.Left', 'lamp', 2);
        $request->respond(200, "$left of lamp are left\n");
    } catch (RpcException $error) {
        $request->respond(409, $error->getMessage() . "\n");
    }
}
