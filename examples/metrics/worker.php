<?php

use RoadRunner\Metrics;

// Declared once at boot; all workers count together.
$orders = Metrics::counter('orders_total', 'Orders', ['shop']);
$value = Metrics::histogram('order_value_euros', 'Value of orders, in euros', ['shop'], [10, 50, 100, 500]);
$open = Metrics::gauge('carts_open', 'Carts that are not paid yet');
$checkout = Metrics::summary('checkout_seconds', objectives: ['0.5' => 0.05, '0.99' => 0.001]); // of .rr.yaml

$worker = new RoadRunner\Worker();
while ($request = $worker->waitRequest()) {
    $shop = $request->query('shop', 'eu');
    switch ($request->path) {
        case '/cart':
            $open->inc();
            $worker->respond(200, "A cart\n");
            break;
        case '/order':
            // A label has few values: never what a client makes up.
            if (!in_array($shop, ['eu', 'us'], true)) {
                $worker->respond(404, "No such shop\n");
                break;
            }
            $began = microtime(true);
            usleep(random_int(1_000, 20_000)); // the work
            $orders->inc([$shop]);
            $value->observe(random_int(5, 600), [$shop]);
            $open->dec();
            $checkout->observe(microtime(true) - $began);
            $worker->respond(200, "Thank you\n");
            break;
        default:
            $worker->respond(404, "GET /cart, /order?shop=eu\n");
    }
}
