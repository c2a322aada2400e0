printf x | dd of=bundle/two_shards.data-00000-of-00002 bs=1 seek=3 conv=notrunc 2>/dev/null; hornfels get bundle/two_shards v0
exit: 2
