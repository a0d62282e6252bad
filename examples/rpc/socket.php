<?php
// php socket.php, in this directory while the server runs: the same without the extension, as any language could. One frame
// goes out and one comes back; docs/rpc.md has the table of their bytes.
function call($connection, string $method, mixed $argument): mixed
{
    $body = json_encode($argument, JSON_THROW_ON_ERROR);
    $head = pack('CCV', 0x15, 0x08, strlen($method) + strlen($body));
    fwrite($connection, $head . pack('Vv', crc32($head), 0) . pack('VV', 1, strlen($method)) . $method . $body);
    $head = unpack('Cfirst/Cflags/Vlength/Vchecksum/vnothing/Vnumber/Vname', stream_get_contents($connection, 20));
    $result = substr(stream_get_contents($connection, $head['length']), $head['name']);
    return $head['flags'] & 0x40 ? throw new RuntimeException($result) : json_decode($result, true);
}

$address = getenv('RR_RPC') ?: 'unix://' . __DIR__ . '/rpc.sock';
$connection = stream_socket_client($address) ?: exit("no server at $address\n");
echo call($connection, 'inventory.Left', 'lamp'), " of lamp are left\n";
echo 'the server is compatible with RoadRunner ', call($connection, 'rpc.Version', true), "\n";
