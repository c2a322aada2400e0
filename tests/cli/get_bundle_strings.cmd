hornfels get bundle/two_shards s1 --json
exit: 0
