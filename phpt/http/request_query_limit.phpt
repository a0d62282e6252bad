--TEST--
Http: Request::query(): max_input_vars and max_input_nesting_level hold, with PHP's warning
--EXTENSIONS--
roadrunner
--INI--
max_input_vars=3
max_input_nesting_level=2
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

var_dump(Request::create('GET', '/?a=1&b=2&c=3&d=4&e=5')->query());
var_dump(Request::create('GET', '/?a=1&b=2&c=3&d=4')->query('d', 'cut off'));
var_dump(Request::create('GET', '/?a[b]=1&c[d][e][f]=2')->query());
set_error_handler(function (int $level, string $message) {
    throw new ErrorException($message);
});
report('handler throws', fn () => Request::create('GET', '/?a=1&b=2&c=3&d=4')->query());
report('handler throws, key', fn () => Request::create('GET', '/?a=1&b=2&c=3&d=4')->query('a'));
$form = Request::create('POST', '/', ['content-type' => 'application/x-www-form-urlencoded'], 'a=1&b=2&c=3&d=4');
report('form', fn () => $form->form());
?>
--EXPECTF--
Warning: RoadRunner\Http\Request::query(): Input variables exceeded 3. To increase the limit change max_input_vars in php.ini. in %s on line %d
array(3) {
  ["a"]=>
  string(1) "1"
  ["b"]=>
  string(1) "2"
  ["c"]=>
  string(1) "3"
}

Warning: RoadRunner\Http\Request::query(): Input variables exceeded 3. To increase the limit change max_input_vars in php.ini. in %s on line %d
string(7) "cut off"
array(1) {
  ["a"]=>
  array(1) {
    ["b"]=>
    string(1) "1"
  }
}
handler throws => ErrorException: RoadRunner\Http\Request::query(): Input variables exceeded 3. To increase the limit change max_input_vars in php.ini.
handler throws, key => ErrorException: RoadRunner\Http\Request::query(): Input variables exceeded 3. To increase the limit change max_input_vars in php.ini.
form => ErrorException: RoadRunner\Http\Request::form(): Input variables exceeded 3. To increase the limit change max_input_vars in php.ini.
