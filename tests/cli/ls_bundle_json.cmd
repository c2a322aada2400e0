hornfels ls bundle/two_shards --json
exit: 0
