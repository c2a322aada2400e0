hornfels show bundle/two_shards.index
exit: 2
