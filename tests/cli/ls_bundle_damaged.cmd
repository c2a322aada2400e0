printf '\\377' | dd of=bundle/two_shards.index bs=1 seek=9 conv=notrunc 2>/dev/null; hornfels ls bundle/two_shards
exit: 2
