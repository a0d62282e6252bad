--TEST--
Http: Request::cookies(): values decoded, of several with one name the first
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

$cookies = fn (string|array $cookie) => fn () => Request::create('GET', '/', ['Cookie' => $cookie])->cookies();
report('none', fn () => Request::create('GET', '/')->cookies());
report('some', $cookies('a=1; b=2;c=3'));
report('lines', $cookies(['a=1; b=2', 'c=3', 'a=4']));
report('first wins', $cookies('a=1; a=2'));
report('case matters', $cookies('a=1; A=2'));
report('decoded', $cookies('a=x%20y%3D%C3%BC; b=1+1'));
report('names are not', $cookies('a%20b=1; a.b=2; a[b]=3'));
report('malformed', $cookies('a; =b; ; ;; c=; d==e=; %=%zz; "q"="v"'));
report('white space', $cookies(" a = 1 ;\tb=\t2"));
report('numbers', $cookies('1=a; 01=b; -1=c; +1=d'));
report('bytes', fn () => array_map(bin2hex(...), Request::create('GET', '/', ['cookie' => "a=\xff; b=%00%ff"])->cookies()));
report('name is no text', $cookies("\xff=1; b=2"));
report('empty line', $cookies(''));
report('many', fn () => count(Request::create('GET', '/', ['cookie' => implode(';', array_map(fn ($n) => "c$n=$n", range(1, 5000)))])->cookies()));
?>
--EXPECT--
none => []
some => {"a":"1","b":"2","c":"3"}
lines => {"a":"1","b":"2","c":"3"}
first wins => {"a":"1"}
case matters => {"a":"1","A":"2"}
decoded => {"a":"x y=ü","b":"1+1"}
names are not => {"a%20b":"1","a.b":"2","a[b]":"3"}
malformed => {"a":"","c":"","d":"=e=","%":"%zz","\"q\"":"\"v\""}
white space => {"a ":" 1","b":"\t2"}
numbers => {"1":"a","01":"b","-1":"c","+1":"d"}
bytes => {"a":"ff","b":"00ff"}
name is no text => {"b":"2"}
empty line => []
many => 5000
