--TEST--
Worker: cannot be extended
--EXTENSIONS--
roadrunner
--FILE--
<?php
echo "never seen, for the class is refused first\n";
class Mine extends RoadRunner\Worker
{
}
?>
--EXPECTF--
Fatal error: Class Mine cannot extend final class RoadRunner\Worker in %s on line %d
