--TEST--
Http: Request: uri, path, queryString and host of each kind of target
--EXTENSIONS--
roadrunner
--FILE--
<?php
require __DIR__ . '/../report.inc';

use RoadRunner\Http\Request;

function target(string $uri, array $headers = [], string $method = 'GET'): void
{
    report("$uri " . json_encode($headers), function () use ($uri, $headers, $method) {
        $request = Request::create($method, $uri, $headers);
        return [$request->uri, $request->path, $request->queryString, $request->host];
    });
}

target('/');
target('/', ['host' => 'example.com']);
target('/a?b=c', ['host' => 'example.com:8080']);
target('/', ['host' => '']);
target('//two/slashes?', ['host' => 'h']);
target('/%2e%2E/ü', ['host' => 'h']);
target('/a#fragment', ['host' => 'h']);
target('http://example.com');
target('http://example.com/a?b=c', ['host' => 'another']);
target('https://example.com/');
target('http://user:password@example.com:81/');
target('http://[::1]:8/');
target('*', ['host' => 'h'], 'OPTIONS');
report('parse_url() takes it', fn () => parse_url(Request::create('GET', '/a')->uri));
?>
--EXPECT--
/ [] => ["http://127.0.0.1/","/","","127.0.0.1"]
/ {"host":"example.com"} => ["http://example.com/","/","","example.com"]
/a?b=c {"host":"example.com:8080"} => ["http://example.com:8080/a?b=c","/a","b=c","example.com:8080"]
/ {"host":""} => ["http://127.0.0.1/","/","","127.0.0.1"]
//two/slashes? {"host":"h"} => ["http://h//two/slashes?","//two/slashes","","h"]
/%2e%2E/ü {"host":"h"} => ["http://h/%2e%2E/ü","/%2e%2E/ü","","h"]
/a#fragment {"host":"h"} => ["http://h/a","/a","","h"]
http://example.com [] => ["http://example.com/","/","","example.com"]
http://example.com/a?b=c {"host":"another"} => ["http://example.com/a?b=c","/a","b=c","example.com"]
https://example.com/ [] => ["https://example.com/","/","","example.com"]
http://user:password@example.com:81/ [] => ["http://user:password@example.com:81/","/","","example.com:81"]
http://[::1]:8/ [] => ["http://[::1]:8/","/","","[::1]:8"]
* {"host":"h"} => ["http://h","*","","h"]
parse_url() takes it => {"scheme":"http","host":"127.0.0.1","path":"/a"}
