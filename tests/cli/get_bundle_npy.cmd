hornfels get bundle/two_shards v1 --npy | tail -c 12 | od -An -t x1
exit: 0
