rm bundle/two_shards.data-00001-of-00002; hornfels ls bundle/two_shards; hornfels get bundle/two_shards v1
exit: 2
