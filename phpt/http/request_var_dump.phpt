--TEST--
Http: Request: var_dump(), var_export(), json_encode() and casts show the values
--EXTENSIONS--
roadrunner
--FILE--
<?php
$request = RoadRunner\Http\Request::create('GET', 'http://example.com/a?b=c', [], '', '::1');
var_dump($request);
echo print_r($request, true) === '' ? 'nothing' : 'something', "\n";

$array = (array) $request;
echo implode(' ', array_keys($array)), "\n";
foreach ($array as $name => $value) {
    if ($value !== $request->$name) {
        echo "$name is another\n";
    }
}
var_dump($array === json_decode(json_encode($request), true));
var_dump(str_contains(var_export($request, true), "'uri' => 'http://example.com/a?b=c'"));
var_dump((bool) $request);
try {
    echo $request;
} catch (Error $error) {
    echo $error->getMessage(), "\n";
}
?>
--EXPECTF--
object(RoadRunner\Http\Request)#%d (11) {
  ["method"]=>
  string(3) "GET"
  ["uri"]=>
  string(24) "http://example.com/a?b=c"
  ["path"]=>
  string(2) "/a"
  ["queryString"]=>
  string(3) "b=c"
  ["protocol"]=>
  string(8) "HTTP/1.1"
  ["scheme"]=>
  string(4) "http"
  ["host"]=>
  string(11) "example.com"
  ["remoteAddress"]=>
  string(3) "::1"
  ["remotePort"]=>
  int(0)
  ["id"]=>
  string(32) "%x"
  ["startedAt"]=>
  float(%f)
}
something
method uri path queryString protocol scheme host remoteAddress remotePort id startedAt
bool(true)
bool(true)
bool(true)
Object of class RoadRunner\Http\Request could not be converted to string
