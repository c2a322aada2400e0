mv bundle/two_shards.index x.bin; hornfels ls x.bin
exit: 0
