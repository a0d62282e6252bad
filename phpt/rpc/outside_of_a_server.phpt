--TEST--
Rpc: outside of a server there is nobody to call; register() has no effect; arguments are checked
--EXTENSIONS--
roadrunner
--ENV--
RR_RPC=unix:///no/such/rpc.sock
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Rpc;

class Plain { public int $a = 1; }
enum Suit: string { case Hearts = 'H'; }
$deep = [];
for ($i = 0; $i < 200; $i++) { $deep = [$deep]; }
$round = [];
$round['x'] = &$round;

report('call', fn () => Rpc::call('rpc.Version'));
report('kinds', fn () => Rpc::call('rpc.Version', [null, true, 1, 1.5, 'a', [1], ['k' => 1], new stdClass, (object) ['a' => 1], "\xff"]));
report('enum', fn () => Rpc::call('rpc.Version', [Suit::Hearts]));
report('object', fn () => Rpc::call('rpc.Version', [new Plain]));
report('closure', fn () => Rpc::call('rpc.Version', fn () => 1));
report('resource', fn () => Rpc::call('rpc.Version', ['a' => STDIN]));
report('deep', fn () => Rpc::call('rpc.Version', $deep));
report('round', fn () => Rpc::call('rpc.Version', $round));
report('no JSON', fn () => Rpc::call('rpc.Version', [Suit::Hearts, "\xff"]));
report('timeout', fn () => Rpc::call('rpc.Version', null, -1));
report('no timeout', fn () => Rpc::call('rpc.Version', null, NAN));
report('register', fn () => Rpc::register('shop.Buy', fn () => 1));
report('unregister', fn () => Rpc::unregister('shop.Buy'));
foreach (['', 'buy', 'shop.', '.Buy', "shop.B\0", 'shop.Buy now', "shop.\xff", str_repeat('a', 250) . '.Method', 'rpc.Mine', 'lock.Lock', 'informer.List'] as $name) {
    report('name', fn () => Rpc::register($name, fn () => 1));
}
report('handler', fn () => Rpc::register('shop.Buy', 'no_such_function'));
report('new', fn () => new Rpc());
putenv('RR_RPC=nowhere');
report('address', fn () => Rpc::call('rpc.Version'));
report('tree', fn () => var_export([is_subclass_of('RoadRunner\Exception\RpcTimeoutException', 'RoadRunner\Exception\RpcException'),
    is_subclass_of('RoadRunner\Exception\RpcException', 'RoadRunner\Exception\RoadRunnerException')], true));
?>
--EXPECT--
call => RoadRunner\Exception\RpcException: no server runs here: there is no socket /no/such/rpc.sock
kinds => RoadRunner\Exception\RpcException: no server runs here: there is no socket /no/such/rpc.sock
enum => RoadRunner\Exception\RpcException: no server runs here: there is no socket /no/such/rpc.sock
object => TypeError: The argument must be null, a boolean, a number, a string or an array of these, or have a JSON form: Plain given
closure => TypeError: The argument must be null, a boolean, a number, a string or an array of these, or have a JSON form: Closure given
resource => TypeError: The argument must be null, a boolean, a number, a string or an array of these, or have a JSON form: resource given
deep => ValueError: The argument is nested more than 128 times
round => ValueError: The argument is nested more than 128 times
no JSON => JsonException: Malformed UTF-8 characters, possibly incorrectly encoded
timeout => ValueError: RoadRunner\Rpc::call(): Argument #3 ($timeout) must be greater than or equal to 0
no timeout => ValueError: RoadRunner\Rpc::call(): Argument #3 ($timeout) must be greater than or equal to 0
register => null
unregister => false
name => ValueError: The name of a method must be service.Method, without white space and of 255 bytes at most
name => ValueError: The name of a method must be service.Method, without white space and of 255 bytes at most
name => ValueError: The name of a method must be service.Method, without white space and of 255 bytes at most
name => ValueError: The name of a method must be service.Method, without white space and of 255 bytes at most
name => ValueError: The name of a method must be service.Method, without white space and of 255 bytes at most
name => ValueError: The name of a method must be service.Method, without white space and of 255 bytes at most
name => ValueError: The name of a method must be service.Method, without white space and of 255 bytes at most
name => ValueError: The name of a method must be service.Method, without white space and of 255 bytes at most
name => ValueError: Methods of service "rpc" are the server's
name => ValueError: Methods of service "lock" are the server's
name => ValueError: Methods of service "informer" are the server's
handler => TypeError: RoadRunner\Rpc::register(): Argument #2 ($handler) must be a valid callback, function "no_such_function" not found or invalid function name
new => Error: Call to private RoadRunner\Rpc::__construct() from global scope
address => RoadRunner\Exception\RpcException: RR_RPC is "nowhere", which is no address
tree => "array (\n  0 => true,\n  1 => true,\n)"
