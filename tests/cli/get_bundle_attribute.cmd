hornfels get bundle/two_shards v1 --attribute shape
exit: 2
