hornfels ls - < bundle/two_shards.index
exit: 0
