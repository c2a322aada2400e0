hornfels get bundle/two_shards v2
exit: 2
