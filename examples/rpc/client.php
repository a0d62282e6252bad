<?php
// php client.php, in this directory while the server runs: calls it by the extension.
use RoadRunner\Exception\RpcException;
use RoadRunner\Rpc;

$left = Rpc::call('inventory.Reserve', ['item' => 'lamp', 'count' => 3], 5);
echo "3 of lamp are reserved, $left are left\n";
try {
    Rpc::call('inventory.Reserve', ['item' => 'lamp', 'count' => $left + 1]);
} catch (RpcException $error) {
    echo $error->getMessage(), "\n";
}
