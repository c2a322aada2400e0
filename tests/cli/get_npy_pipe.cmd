hornfels get kinds.h5 flags --npy | od -An -c | tail -n 2
exit: 0
