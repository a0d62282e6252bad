--TEST--
Http: Request::query(): parameters as parse_str() has them
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$query = fn (string $query, mixed ...$arguments) => fn () => Request::create('GET', "/?$query")->query(...$arguments);
report('all', $query('a=1&b=2'));
report('nested', $query('a[x]=1&a[y][]=2&a[y][]=3&b[]=4'));
report('decoded', $query('a=x%20y+z%26&%C3%BC=%C3%A4'));
report('dots', $query('a.b=1&a%20b=2'));
report('last one wins', $query('a=1&a=2'));
report('empty', $query('a=&b&=c&&'));
report('numbers', $query('0=a&01=b&-1=c'));
report('one', $query('a=1&b=2', 'a'));
report('one nested', $query('a[x]=1', 'a'));
report('one by number', $query('7=x', '7'));
report('one with a dot', $query('a.b=1', 'a_b'));
report('missing', $query('a=1', 'b'));
report('missing, default', $query('a=1', 'b', ['any', 'type']));
report('empty is there', $query('a=', 'a', 'default'));
report('no key, default', $query('a=1', null, 'default'));
report('named', $query('a=1', default: 5, key: 'c'));
report('no query', fn () => Request::create('GET', '/')->query());
report('no query, key', fn () => Request::create('GET', '/')->query('a'));
report('question mark only', $query(''));
report('raw', fn () => Request::create('GET', '/?a=%20&b=?')->queryString);
report('body is none', fn () => Request::create('POST', '/', ['content-type' => 'application/x-www-form-urlencoded'], 'a=1')->query());
foreach (['a[b=1&c]=2', 'a[=1', 'a[][][]=1&a[0]=2', 'a%00b=1', '%=1&e=%zz', 'a[b][c=1', ' a=1', 'a[x]y=1', '[a]=1', 'a=1;b=2'] as $text) {
    $text = strtr($text, ' ', '+');
    parse_str($text, $expected);
    if (Request::create('GET', "/?$text")->query() !== $expected) {
        echo "$text is not as in parse_str()\n";
    }
}
report('key of another type', $query('a=1', []));
?>
--EXPECT--
all => {"a":"1","b":"2"}
nested => {"a":{"x":"1","y":["2","3"]},"b":["4"]}
decoded => {"a":"x y z&","ü":"ä"}
dots => {"a_b":"2"}
last one wins => {"a":"2"}
empty => {"a":"","b":""}
numbers => {"0":"a","01":"b","-1":"c"}
one => "1"
one nested => {"x":"1"}
one by number => "x"
one with a dot => "1"
missing => null
missing, default => ["any","type"]
empty is there => ""
no key, default => {"a":"1"}
named => 5
no query => []
no query, key => null
question mark only => []
raw => "a=%20&b=?"
body is none => []
key of another type => TypeError: RoadRunner\Http\Request::query(): Argument #1 ($key) must be of type ?string, array given
